"""What the engine believes about a viewer, in a form that the viewer can check."""

from __future__ import annotations

import numpy as np

from foryou.core.clock import DAY
from foryou.core.event import NOT_SAID
from foryou.core.ids import id_of
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Documents, Keys, Store
from foryou.features.catalog import FORMAT_IDS, LENGTH_CUTS, LENGTH_IDS
from foryou.features.documents import name_of
from foryou.features.history import latest_exposures
from foryou.features.interests import KINDS_OF_INTEREST, SURFACE, look_up
from foryou.features.trust import believed

_LEAST = 0.05
_FORMATS = {int(number): name for number, name in zip(FORMAT_IDS[1:], ("upright", "square", "wide"), strict=True)}
_BOUNDS = (0.0, *LENGTH_CUTS)
_LENGTHS = {
    int(number): f"{_BOUNDS[place]:.0f}-{_BOUNDS[place + 1]:.0f} s"
    if place + 1 < len(_BOUNDS)
    else f"over {_BOUNDS[-1]:.0f} s"
    for place, number in enumerate(LENGTH_IDS[1:])
}
_PASSIVE = OUTCOME_BITS["impression"] | OUTCOME_BITS["measured"]


def profile(store: Store, documents: Documents, viewer: str, at: int) -> dict[str, object]:
    """Interests and less-ofs with strength in (-1, 1) and evidence, how many signals this week's feed rests on, and how
    far what the viewer does counts for others (`trust`), and how adventurous a feed they want (`novelty`)."""
    number = np.array([id_of("viewer", viewer)], np.int64)
    interests = store.read("interest", number)
    keys = interests["key"]
    found = look_up(store, number, np.zeros(1, np.int64), keys, np.array([at]))
    history = latest_exposures(store, number)
    recent = (history["at"][0] > at - 7 * DAY) & (history["item"][0] != 0)
    signals = sum(int(flags & ~_PASSIVE).bit_count() for flags in history["flags"][0][recent].tolist())
    each = [
        {
            "kind": KINDS_OF_INTEREST[what],
            "name": _name(documents, KINDS_OF_INTEREST[what], key),
            "strength": round(how, 6),
            "evidence": round(proof, 3),
            "rejected": round(no, 3),
        }
        for key, what, how, proof, no in zip(
            keys[0].tolist(),
            interests["what"][0].tolist(),
            found.strength[0].tolist(),
            found.evidence[0].tolist(),
            found.refused[0].tolist(),
            strict=True,
        )
        if key and what != SURFACE
    ]
    more = sorted(
        (row for row in each if _f(row, "strength") >= _LEAST and _f(row, "rejected") < 0.5),
        key=lambda row: -_f(row, "strength"),
    )
    less = sorted(
        (row for row in each if _f(row, "strength") <= -_LEAST or _f(row, "rejected") >= 0.5),
        key=lambda row: (-_f(row, "rejected"), _f(row, "strength")),
    )
    trust = believed(store, number)
    return {
        "viewer": viewer,
        "signals_this_week": signals,
        "interests": more,
        "less_of": less,
        "trust": trust,
        "novelty": novelty(store, number),
    }


def novelty(store: Store, viewer: Keys) -> float:
    """How adventurous a feed the viewer wants, -1 to 1; 0 where they did not say."""
    said = round(float(store.columns("viewer", viewer, ("novelty",))["novelty"][0]), 6)
    return 0.0 if said == NOT_SAID else said


def _f(row: dict[str, object], name: str) -> float:
    value = row[name]
    assert isinstance(value, float)
    return value


def _name(documents: Documents, kind: str, number: int) -> str:
    if kind == "format":
        return _FORMATS.get(number, "")
    if kind == "length":
        return _LENGTHS.get(number, "")
    return name_of(documents, kind, number)
