"""The hand-set prior: what a video's rates and a viewer's interests say before anything was learned.

Every binary head's logit is the logit of its base rate plus the offsets below; `Linear` is that and nothing else, the
model to fall back on. It knows no ids. The ranker starts from the same coefficients and learns on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.errors import ModelError
from foryou.core.event import Kind
from foryou.core.heads import HEADS
from foryou.core.inputs import EFFECTS, FAMILIES, RATES, Side
from foryou.core.ports import Keys, Pairs
from foryou.models import layout, survival

STAY = "watch"
"""The head under which a positive coefficient means: watched for longer (it lowers every hazard)."""

_GOOD: Mapping[str, float] = {
    "finish": 1.0,
    "long_view": 1.0,
    "watch_rank": 0.7,
    "like": 1.0,
    "save": 0.7,
    "share": 0.7,
    "comment": 0.5,
    "follow": 0.7,
    "visit": 0.5,
    "skip": -1.0,
    STAY: 0.7,
}


@dataclass(frozen=True, slots=True)
class Effect:
    """What one unit of component `part` of an input adds to the logits of some heads."""

    input: str
    part: int
    heads: Mapping[str, float]


def _each(input_: str, names: tuple[str, ...], weights: tuple[float, ...], first: int = 0) -> tuple[Effect, ...]:
    """Each component from `first` on is a rate, and moves its own head."""
    return tuple(
        Effect(input_, first + part, {name: weight})
        for part, (name, weight) in enumerate(zip(names, weights, strict=True))
    )


def _good(input_: str, part: int, weight: float, **also: float) -> Effect:
    return Effect(input_, part, {**{name: weight * by for name, by in _GOOD.items()}, **also})


PRIOR: tuple[Effect, ...] = (
    # The effects are log-odds already, each beside all others.
    *(
        effect
        for name in ("viewer", "surface", "placed", "author", "sound", "topic", "length")
        for effect in _each(f"{name}_effects", EFFECTS, (1.0,) * len(EFFECTS))
    ),
    *_each("completion_effects", EFFECTS[:3], (1.0,) * 3),
    *_each("engagement_effect", EFFECTS[3:], (1.0,)),
    # The rates are log ratios, so near a base rate p one unit is 1 / (1 - p) logits.
    *_each("completion_rates", ("long_view", "finish", "skip", "watch"), (0.2, 0.2, 0.2, 0.7)),
    *_each("engagement_rates", ("like", "comment", "share", "save", "follow", "visit"), (0.2, *(1.0,) * 5)),
    *_each("quality", ("not_interested", "report"), (1.0, 1.0), first=1),
    *_each("viewer_rates", RATES, (0.2, 0.2, 0.2, 0.7, 0.2, *(1.0,) * 7)),
    *_each("recent_rates", ("long_view", "like"), (0.3, 0.3)),
    _good("interest_topic", 0, 0.8, not_interested=-0.3),
    _good("interest_topic", 1, 0.4),
    _good("interest_topic", 2, 0.3, not_interested=-0.2),
    _good("interest_author", 0, 1.5, not_interested=-0.5),
    _good("interest_sound", 0, 0.5),
    _good("interest_format", 0, 0.2),
    _good("interest_length", 0, 0.2),
    _good("interest_language", 0, 1.0),
    _good("speaks", 0, 0.3),
    _good("similar", 0, 2.4),
    _good("similar", 1, 0.4),
    _good("follows", 0, 0.6, follow=-6.0),
    _good("text_fit", 0, 0.8, not_interested=-0.3),
    _good("text_fit", 1, -0.4, not_interested=0.3),
    _good("text_fit", 2, 0.4),
    _good("response_text", 0, 0.5, not_interested=-0.3),
    # From a base rate of .0008: .08 at one not-interested, .5 at two, .75 at three.
    Effect(
        "rejected",
        0,
        {
            "not_interested": 9.4,
            "report": 2.0,
            "skip": 1.5,
            "long_view": -1.5,
            "finish": -1.5,
            "like": -1.5,
            STAY: -1.0,
        },
    ),
)


def coefficients(side: Side) -> NDArray[np.float32]:
    """The prior as a matrix `[dense numbers of a side, outputs]`."""
    out = np.zeros((layout.width(layout.dense(side)), layout.OUTPUTS), np.float32)
    places = {place.name: place for place in layout.dense(side)}
    for effect in PRIOR:
        if effect.input not in places:
            continue
        row = out[places[effect.input].columns.start + effect.part]
        for name, weight in effect.heads.items():
            if name == STAY:
                row[layout.HAZARDS] -= weight
            else:
                row[layout.BINARY.index(name)] += weight
    return out


def base() -> NDArray[np.float32]:
    """The logits `[outputs]` where nothing is known: each head's own prior."""
    rates = {head.name: head.prior for head in HEADS}
    binary = [np.log(rates[name] / (1 - rates[name])) for name in layout.BINARY]
    return np.concatenate([binary, survival.weibull_logits(rates[layout.SURVIVAL])]).astype(np.float32)


def seconds_of(items: Batch) -> NDArray[np.float64]:
    """The durations in seconds `[items]`; 0 where not known."""
    if "seconds_long" not in items:
        return np.zeros(len(items))
    return np.nan_to_num(items["seconds_long"].astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def predictions(logits: NDArray[np.float32], duration: NDArray[np.float64]) -> Batch:
    """The heads from logits `[rows, outputs]` and durations in seconds `[rows]`."""
    return layout.heads(logits, survival.expected_seconds(logits[:, layout.HAZARDS], duration))


@dataclass(frozen=True)
class Linear:
    """The prior as a model: predicts with no training at all, and never learns."""

    version: str = "linear"
    viewer_side: NDArray[np.float32] = field(default_factory=lambda: coefficients("viewer"), repr=False)
    item_side: NDArray[np.float32] = field(default_factory=lambda: coefficients("item"), repr=False)
    start: NDArray[np.float32] = field(default_factory=base, repr=False)

    def predict(self, pairs: Pairs) -> Batch:
        """One float32 column for each head, `[items]`."""
        of_viewer = layout.numbers(pairs.viewers, "viewer") @ self.viewer_side + self.start
        logits = layout.numbers(pairs.items, "item") @ self.item_side + of_viewer[pairs.of]
        return predictions(logits, seconds_of(pairs.items))

    def predict_kept(self, pairs: Pairs) -> Batch:
        return self.predict(pairs)

    def learn(self, pairs: Pairs, outcomes: Batch) -> Batch:
        """Nothing to learn; only predicts."""
        return self.predict(pairs)

    def correct(self, pairs: Pairs, learned: Batch, outcomes: Batch) -> None:
        """Nothing was learned, so nothing is to be corrected."""

    def vectors(self, items: Batch) -> NDArray[np.float32]:
        """No directions: one zero for each item."""
        return np.zeros((len(items), 1), np.float32)

    def viewer_vector(self, viewers: Batch) -> NDArray[np.float32]:
        """No directions: one zero for each viewer."""
        return np.zeros((len(viewers), 1), np.float32)

    def families(self, pairs: Pairs) -> LinearFamilies:
        """The inputs by family; zero is neutral."""
        names = tuple(FAMILIES)
        viewer, item = layout.numbers(pairs.viewers, "viewer"), layout.numbers(pairs.items, "item")
        parts = np.zeros((len(names), len(pairs), layout.OUTPUTS), np.float32)
        for place in layout.dense("viewer"):
            added = viewer[:, place.columns] @ self.viewer_side[place.columns]
            parts[names.index(place.family)] += added[pairs.of]
        for place in layout.dense("item"):
            parts[names.index(place.family)] += item[:, place.columns] @ self.item_side[place.columns]
        return LinearFamilies(names, parts, self.start, seconds_of(pairs.items))

    def forget(self, viewers: Keys) -> int:
        """It knows nobody."""
        return 0

    def steer(self, kind: Kind, viewer: int, name: int) -> int:
        """It knows nobody."""
        return 0

    def copy(self) -> Linear:
        """Itself: it never changes."""
        return self

    def parts(self) -> Mapping[str, Column]:
        """None: it has nothing that was learned."""
        return {}

    def state(self) -> Mapping[str, Column]:
        """Nothing: it is all in the table."""
        return {}

    def restore(self, state: Mapping[str, Column], branch: int | None = None) -> None:
        """ModelError if there is anything to restore."""
        if state:
            raise ModelError(f"the linear model has no state; there came {', '.join(state)}")


@dataclass(frozen=True)
class LinearFamilies:
    """Each family's part of the logits `[families, items, outputs]`."""

    names: tuple[str, ...]
    parts: NDArray[np.float32]
    start: NDArray[np.float32]
    duration: NDArray[np.float64]

    def heads(self, on: NDArray[np.bool_]) -> Batch:
        """The heads `[coalitions * items]`, coalition by coalition."""
        families, items, outputs = self.parts.shape
        logits = on.astype(np.float32) @ self.parts.reshape(families, -1) + np.tile(self.start, items)
        return predictions(logits.reshape(-1, outputs), np.tile(self.duration, len(on)))

    @property
    def nbytes(self) -> int:
        """What it takes."""
        return self.parts.nbytes + self.duration.nbytes
