"""Everything that a slate was chosen from, small enough to be logged for some slates: the losers too.

With it the choice can be made again with other weights, and the chance of what was shown be computed for both. Of
videos it says only their order, of hashtags, authors and sounds only which are the same, and of the viewer nothing but
what arranging reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import msgspec
import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.heads import NAMES
from foryou.core.pipeline import Candidates, Request, Slate
from foryou.models.posterior import DOUBT, OWN_DOUBT
from foryou.rerankers.arrange import Arrange, fit
from foryou.scorers.value import value_of

READS = (
    "item",
    "sources",
    "topics",
    "author",
    "sound",
    "effect_evidence",
    "tired",
    "familiar",
    "lacks",
    "fit",
    "theme",
    DOUBT,
    OWN_DOUBT,
)
"""What arranging reads of candidates, beside their score."""
_SAME = ("topics", "author", "sound")
"""Columns of which only equality counts; 0 is none."""
_RULES = tuple(each.name for each in fields(Arrange) if each.name not in ("index", "store", "lacking"))
"""What is set of arranging: what it would look up is noted."""
_VIEWER = ("novelty", "depth", "viewer_known")
"""What arranging reads of a viewer, where it is known."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, object]).decode


@dataclass(frozen=True)
class Policy:
    """How a slate is chosen from what was considered: what each prediction is worth, and how slots are filled."""

    weights: Mapping[str, float]
    arrange: Arrange


@dataclass(frozen=True)
class Considered:
    """What one slate was chosen from: all candidates that were scored, with what was predicted of each."""

    request: Request
    """As much of it as arranging reads."""
    rows: Candidates
    shown: Column
    """The row of each slot, `[slots]`."""
    policy: Policy
    """The one that chose."""

    def scored(self, weights: Mapping[str, float]) -> Candidates:
        """The candidates with the score that they have with these weights: what they had, and what the change adds."""
        change = {name: weight - self.policy.weights.get(name, 0.0) for name, weight in weights.items()}
        changed = {name: by for name, by in change.items() if by != 0}
        score = self.rows["score"] + value_of(self.rows, changed)
        return self.rows.select([name for name in READS if name in self.rows]).extend({"score": score})


def is_drawn(request: Request, share: float) -> bool:
    """Whether all that this request considers is logged."""
    return share > 0 and float(request.rng("considered").random()) < share


def packed(request: Request, rows: Candidates, slate: Slate, policy: Policy) -> bytes:
    """What was considered, as bytes: half-precision predictions, and small numbers for names."""
    tired, familiar = policy.arrange.worn(request, rows)
    vectors, inverse = policy.arrange.themes(request, rows)
    place = np.argsort(rows["item"])
    columns: dict[str, Column] = {
        "item": np.argsort(place).astype(np.uint16),
        "sources": rows["sources"].astype(np.int32),
        **{name: _numbered(rows[name]) for name in _SAME},
        **{name: rows[name].astype(np.float16) for name in NAMES},
        "score": rows["score"].astype(np.float32),
        "effect_evidence": rows["effect_evidence"].astype(np.float16),
        "tired": tired.astype(np.float16),
        "familiar": familiar.astype(np.float16),
        "lacks": policy.arrange.lacks(rows).astype(np.float16),
        "fit": fit(rows).astype(np.float16),
        "shown": place[np.searchsorted(rows["item"][place], slate["item"])].astype(np.int16),
    }
    viewer = {name: request.viewer[name] for name in _VIEWER if name in request.viewer}
    if vectors.shape[1]:  # a viewer who is still new
        columns["theme"], viewer["themes"] = vectors.astype(np.float16), inverse[None].astype(np.float32)
    if DOUBT in rows:
        tried = (rows["sources"] >> policy.arrange.trial) & 1 == 1
        columns |= {DOUBT: rows[DOUBT][tried].astype(np.float16), OWN_DOUBT: rows[OWN_DOUBT].astype(np.float16)}
    return _encode(
        {
            "request": [request.id, request.at, int(request.viewer_id != 0), request.n, request.seed],
            "viewer": {name: _told(values) for name, values in viewer.items()},
            "columns": {name: _told(values) for name, values in columns.items()},
            "weights": dict(policy.weights),
            "arrange": {name: getattr(policy.arrange, name) for name in _RULES},
        }
    )


def unpacked(told: bytes) -> Considered:
    """What was packed."""
    held = msgspec.convert(_decode(told), _Packed)
    columns = {name: _column(each) for name, each in held.columns.items()}
    shown, doubt = columns.pop("shown").astype(np.int64), columns.pop(DOUBT, None)
    policy = Policy(held.weights, Arrange(**held.arrange))  # type: ignore[arg-type]
    rows = Batch(
        {name: values.astype(_WIDE.get(values.dtype.str, values.dtype.str)) for name, values in columns.items()}
    )
    if doubt is not None:
        tried = (rows["sources"] >> policy.arrange.trial) & 1 == 1
        whole = np.zeros((len(rows), doubt.shape[1]), np.float32)
        whole[tried] = doubt
        rows = rows.extend({DOUBT: whole})
    number, at, viewer, n, seed = held.request
    known = Batch({name: _column(each) for name, each in held.viewer.items()}, 1)
    return Considered(
        Request(number, at, viewer, n, 0, 0, 0, 0, known, seed),
        rows,
        shown,
        policy,
    )


class _Packed(msgspec.Struct):
    request: list[int]
    viewer: dict[str, tuple[str, list[int], bytes]]
    columns: dict[str, tuple[str, list[int], bytes]]
    weights: dict[str, float]
    arrange: dict[str, float | int]


_WIDE: Mapping[str, str] = {"<f2": "<f4", "<u2": "<i8", "<i4": "<i8"}
"""Small numbers are read as those that stages work with."""


def _numbered(values: Column) -> Column:
    """The same rows with small numbers in place of ids; 0 stays 0."""
    out = np.zeros(values.shape, np.uint16)
    there = values != 0
    out[there] = np.unique(values[there], return_inverse=True)[1] + 1
    return out


def _told(values: Column) -> tuple[str, list[int], bytes]:
    return values.dtype.str, list(values.shape), np.ascontiguousarray(values).tobytes()


def _column(told: tuple[str, list[int], bytes]) -> Column:
    kind, shape, held = told
    return np.frombuffer(held, np.dtype(kind)).reshape(shape)
