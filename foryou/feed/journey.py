"""The way of a video to its audience, as it can be told: where it is, how it is judged, its moves, and what is next."""

from __future__ import annotations

from datetime import UTC, datetime
from math import exp, inf, log, sqrt

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.ids import id_of
from foryou.core.ports import Documents, Store
from foryou.features import cohorts, quality, stages
from foryou.features.author_taste import left_of_taste
from foryou.features.chains import chain_of, wilson
from foryou.features.cohorts import STAGES
from foryou.features.documents import name_of
from foryou.features.quality import AUTHOR_PSEUDO, PARTS, TOPIC_PSEUDO, WEIGHTS
from foryou.features.reach import LEVELS, MOVED, MOVES, PEERS_TABLE, REACH, USUAL, room
from foryou.features.reach_settings import ReachSettings
from foryou.features.stages import LAST, RUNNING, STOPPED, Reason
from foryou.feed.moves import PART_WORDS, move_in_words, next_in_words

BREAK_OUT = 3
"""From this stage on a video has broken out."""
_Z = 1.96


def journey(
    store: Store, documents: Documents, settings: ReachSettings, video: str, at: int, language: str
) -> dict[str, object]:
    """The way of a video so far, as of `at` (ms)."""
    number = np.array([id_of("video", video)], np.int64)
    row = store.read(REACH.name, number)
    stage, levels = int(row["stage"][0]), store.read(LEVELS.name, np.arange(1, STAGES + 1))
    size = settings.audiences[stage] if stage < LAST else None
    late = stage < LAST and at - int(row["entered"][0]) >= settings.life
    state = _state(int(row["status"][0]), stage, late)
    left = float(room(row, settings)[0]) if state == "running" else 0.0
    until = int(row["entered"][0]) + settings.life
    look = float(stages.due(float(settings.rules.sizes[stage]), int(row["looks"][0])))
    moves = _moves(store, number, settings, language)
    judged, value = _judged(store, number, row, levels, settings, language)
    return {
        "video": video,
        "stage": stage,
        "stages": STAGES,
        "state": state,
        "audience": size,
        "shown": round(float(quality.shown(row["sums"][0])), 1),
        "room": round(left, 1),
        "entered": int(row["entered"][0]),
        "until": until if state == "running" else None,
        "quality": judged,
        "expected": _expected(store, documents, row, settings),
        "moves": moves,
        "why": moves[-1]["words"] if moves else "",
        "next": next_in_words(state, left, _hour(until), look, language),
        "viewers": _viewers(row, settings),
        "sharing": _sharing(store, int(number[0])),
        "chance": _chance(store, row, value, settings, state, at),
    }


def _state(status: int, stage: int, late: bool) -> str:
    if status == STOPPED:
        return "stopped"
    if status != RUNNING:
        return "resting"
    return "open" if stage == LAST else "late" if late else "running"


def _hour(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _round(value: float) -> float:
    return round(float(value), 4)


def _judged(
    store: Store, number: Column, row: Batch, levels: Batch, settings: ReachSettings, language: str
) -> tuple[dict[str, object], float]:
    """The quality as of now, as the next look would take it, with what was seen in this stage against peers, part by
    part; and its value by itself."""
    about = store.columns("video", number, ("length", "format"))
    group = int(about["length"][0] * 4 + about["format"][0])
    peers, first = store.read(PEERS_TABLE.name, np.array([group + 1]))["sums"][0], quality.FIRST_PEERS[group]
    sums, better = row["sums"][0].copy(), np.empty(len(PARTS))
    own, usual, spread = np.empty(len(PARTS)), np.empty(len(PARTS)), np.empty(len(PARTS))
    raw, variance, n = quality.judge(sums, peers.copy(), first, WEIGHTS, better)
    quality.rates(sums, own)
    both = peers + first
    quality.rates(both, usual)
    quality.spreads(both, usual, spread)
    parts = []
    for p, name in enumerate(PARTS):
        tried = float(sums[quality.MEASURED]) if p < 2 else float(n)
        error = _Z * sqrt(spread[p] / tried) if tried > 0 else 0.0
        most = 1.0 if name == "completion" else inf
        low, high = wilson(own[p] * tried, tried) if p < 1 else (max(own[p] - error, 0.0), min(own[p] + error, most))
        parts.append(
            {
                "name": name,
                "label": PART_WORDS[language][name],
                "value": _round(own[p]) if tried > 0 else None,
                "low": _round(low) if tried > 0 else None,
                "high": _round(high) if tried > 0 else None,
                "usual": _round(usual[p]),
                "better": _round(better[p]),
                "counts": _round(WEIGHTS[p] * better[p]),
            }
        )
    stage, looks = int(row["stage"][0]), int(row["looks"][0])
    value, error = stages.shrunk(raw, variance, n, *_prior(store, row, settings))
    reaches = float(settings.rules.deviations[min(looks, len(settings.rules.deviations) - 1)])
    told = {
        "value": _round(value),
        "low": _round(value - reaches * error),
        "high": _round(value + reaches * error),
        "looks": looks,
        "goes_on_above": _round(stages.bar(levels["median"], levels["quarter"], stage)),
        "stops_below": _round(levels["quarter"][stage]),
        "parts": parts,
    }
    return told, float(value)


def _prior(store: Store, row: Batch, settings: ReachSettings) -> tuple[float, float]:
    """What a look draws the quality to, and how many exposures that is worth: what was found in the stage before, or
    what the other videos of its author and with its hashtags got."""
    if row["prior_n"][0] > 0:
        return float(row["prior"][0]), float(row["prior_n"][0])
    keys = row["keys"][0]
    held = store.read(USUAL.name, keys)
    of = np.where(keys != 0, np.arange(len(keys)), -1)
    given, given_value = (float(each) for each in row["given"][0])
    return float(quality.expected(held["weight"], held["value"], of, given, given_value)), settings.prior


def _expected(store: Store, documents: Documents, row: Batch, settings: ReachSettings) -> dict[str, object]:
    """What is expected of it in this stage, and what author and hashtags usually do (this video included)."""
    told = []
    keys = row["keys"][0]
    held = store.read(USUAL.name, keys)
    for place, key in enumerate(keys.tolist()):
        if key:
            kind, pseudo = ("author", AUTHOR_PSEUDO) if place == 0 else ("topic", TOPIC_PSEUDO)
            weight, value = float(held["weight"][place]), float(held["value"][place])
            name = name_of(documents, kind, key)
            told.append(
                {"kind": kind, "name": name, "videos": round(weight, 2), "value": _round(value / (weight + pseudo))}
            )
    return {"value": _round(_prior(store, row, settings)[0]), "from": told}


def _moves(store: Store, number: Column, settings: ReachSettings, language: str) -> list[dict[str, object]]:
    row = store.read(MOVED.name, number)
    count = int(row["count"][0])
    told: list[dict[str, object]] = []
    for i in range(max(count - MOVES, 0), count):
        place = i % MOVES
        if not row["reason"][0][place]:  # being written
            continue
        reason = Reason(int(row["reason"][0][place]))
        start, to = int(row["start"][0][place]), int(row["to"][0][place])
        numbers = {name: float(row[name][0][place]) for name in ("n", "value", "low", "high", "threshold")}
        told.append(
            {
                "at": int(row["at"][0][place]),
                "from": start if reason not in (Reason.PUBLISHED, Reason.OLD) else None,
                "to": to,
                "reason": reason.name.lower(),
                **{name: _round(value) for name, value in numbers.items()},
                "parts": {name: _round(float(row[name][0][place])) for name in PARTS} if numbers["n"] > 0 else None,
                "words": move_in_words(reason, numbers, start, settings.audiences[to] if to < LAST else None, language),
            }
        )
    return told


def _viewers(row: Batch, settings: ReachSettings) -> dict[str, object]:
    """Who saw it: in all, by stage, over time; and how much its author's taste still says who sees it first."""
    views = float(row["total"][0].max())
    followers = float(row["followers"][0])
    return {
        "exposures": round(views, 1),
        "followers": round(followers, 1),
        "followers_share": _round(followers / views) if views else 0.0,
        "for_you_by_stage": [round(each, 1) for each in row["by_stage"][0].tolist()],
        "since": int(row["first"][0]),
        "by_hour": [round(each, 1) for each in row["hour"][0].tolist()],
        "by_day": [round(each, 1) for each in row["day"][0].tolist()],
        "authors_taste": _round(float(left_of_taste(views, settings.author_views))),
    }


def _sharing(store: Store, number: int) -> dict[str, object]:
    chain = chain_of(store, number)
    return {
        "views": chain.views,
        "generations": list(chain.generations),
        "depth": chain.depth,
        "reproduction": _round(chain.reproduction),
        "low": _round(chain.low),
        "high": _round(chain.high),
    }


def _chance(store: Store, row: Batch, value: float, settings: ReachSettings, state: str, at: int) -> dict[str, object]:
    """The chance to break out, with 95 %: what became of videos that were of like quality in this stage, given how much
    of its time is over.

    For a video that looks for no more viewers none is given: what is seen of it later may still lift it.
    """
    stage = int(row["stage"][0])
    if stage >= BREAK_OUT:
        return {"stage": BREAK_OUT, "value": 1.0, "low": 1.0, "high": 1.0}
    if state != "running":
        return {"stage": BREAK_OUT, "value": None, "low": None, "high": None}
    counts = cohorts.known(store, at, settings.life)
    each, variance = cohorts.chances(counts, BREAK_OUT)
    place, quarter = int(cohorts.bin_of(value)), int(cohorts.quarter_of(int(row["entered"][0]), at, settings.life))
    first, error = float(each[stage, place]), sqrt(float(variance[stage, place]))
    odds, half = log(first / (1.0 - first)), _Z * error / (first * (1.0 - first))
    odds += float(cohorts.still(counts)[stage, quarter])
    low, chance, high = (_round(1.0 / (1.0 + exp(-(odds + side * half)))) for side in (-1.0, 0.0, 1.0))
    return {"stage": BREAK_OUT, "value": chance, "low": low, "high": high}
