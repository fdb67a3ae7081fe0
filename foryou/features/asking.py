"""What the words of each video ask of its viewers: likes, comments, shares, saves, follows; and whether that is bait.

An invitation is a good custom: "save this for later". Bait asks with a condition, a threat or a reward ("like if you
agree", "tag three friends or bad luck"), or for an answer that says nothing ("comment YES"). What was baited says less
of the video than what came by itself: see `trust`. A plain question asks for nothing here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import msgspec
import numpy as np
from msgspec import Struct

from foryou.core.batch import Batch, Column
from foryou.core.event import Kind
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.mentions import word_name

ASKED = ("like", "comment", "share", "save", "follow")
LANGUAGES = ("en", "nl", "nb")
TEXTS = ("caption", "description")
READ = 1_000
"""Characters of a text that are read."""
ASKING = Table(
    "asking",
    (
        Field("asks", "int16", len(TEXTS), help="outcomes that caption and description ask for, bits"),
        Field("baits", "int16", len(TEXTS), help="those of them that they bait"),
        Field("at", "int64", len(TEXTS), help="when each text was said, ms"),
    ),
)
"""Of every video that says something: what came late must not count for what was said since."""

_CLAUSE = re.compile(r"[.!?,;:…|•()\n–—/-]+|[^\w\s'’%&]+")


@dataclass(frozen=True, slots=True)
class Asks:
    """Outcomes as bits (`OUTCOME_BITS`): what a text asks for, and what of that it baits."""

    asks: int = 0
    baits: int = 0


class _Said(Struct):
    caption: str | None = None
    description: str | None = None


_decode = msgspec.msgpack.Decoder(_Said).decode


def asks_of(text: str) -> Asks:
    """What a text asks for, in any of the languages that are known here.

    >>> named(asks_of("Like if you agree!").baits), named(asks_of("Save this for later").baits)
    (['like'], [])
    >>> named(asks_of("Save this for later").asks), named(asks_of("What would it look like if it rained?").asks)
    (['save'], [])
    """
    asks = baits = 0
    for clause in map(word_name, _CLAUSE.split(text[:READ])):
        if not clause:
            continue
        for name, (asking, baiting) in _patterns().items():
            if baiting.match(clause):
                baits |= OUTCOME_BITS[name]
            elif asking.match(clause):
                asks |= OUTCOME_BITS[name]
    return Asks(asks | baits, baits)


@lru_cache(maxsize=1)
def _patterns() -> Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    """What asks for each outcome, and what baits it."""
    spoken = [tomllib.loads((files(__package__) / "asks" / f"{each}.toml").read_text("utf-8")) for each in LANGUAGES]

    def pattern(name: str, how: str) -> re.Pattern[str]:
        parts = [rf"(?:(?:{each['before']}) )*(?:{each[name][how]})" for each in spoken]
        return re.compile(rf"(?:{'|'.join(parts)})\b")

    return {name: (pattern(name, "asks"), pattern(name, "baits")) for name in ASKED}


def describe(store: Store, rows: Batch) -> None:
    """Fold what was said of videos `[rows]`: of each text the newest counts."""
    said = [
        (video, at, _decode(raw))
        for video, at, raw, kind in zip(*(rows[name].tolist() for name in ("video", "at", "raw", "kind")), strict=True)
        if kind == Kind.VIDEO and raw and (b"caption" in raw or b"description" in raw)
    ]
    found = [
        (video, at, place, asks_of(text))
        for video, at, event in said
        for place, text in enumerate((event.caption, event.description))
        if text is not None
    ]
    if not found:
        return
    videos, row = np.unique([each[0] for each in found], return_inverse=True)
    before = store.read(ASKING.name, videos)
    held = {name: before[name].copy() for name in before}
    for k, (_, at, place, asks) in zip(row.tolist(), found, strict=True):
        if at >= held["at"][k, place]:
            held["asks"][k, place], held["baits"][k, place], held["at"][k, place] = asks.asks, asks.baits, at
    store.write(ASKING.name, videos, Batch(held))


def asked(store: Store, video: Keys) -> tuple[Column, Column]:
    """What videos ask for and what they bait, bits `[videos]`."""
    held = store.columns(ASKING.name, video, ("asks", "baits"))
    return np.bitwise_or.reduce(held["asks"], axis=1), np.bitwise_or.reduce(held["baits"], axis=1)


def named(bits: int) -> list[str]:
    """The names of outcomes that are asked for."""
    return [name for name in ASKED if bits & OUTCOME_BITS[name]]
