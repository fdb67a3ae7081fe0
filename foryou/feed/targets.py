"""What a viewer can do about each bar of an explanation: the authors, sounds and hashtags that it is about."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.ports import Documents, Store
from foryou.features.acts import stands
from foryou.features.interests import AUTHOR, SOUND, TOPIC, look_up
from foryou.features.prefers import preferences
from foryou.feed.named import FIELD_OF, named

_LEARNED = ("behaviour", "affinity")
"""The families that what was learned of a viewer is in."""


def targets(store: Store, documents: Documents, viewer: int, video: int, now: int) -> list[dict[str, object]]:
    """For each family that has any: what of the video it is about, with how strong the viewer's interest is in it as of
    `now` (ms) and the evidence behind that; of `wishes`, the strength that the viewer asked for. Strongest first."""
    of = store.columns("video", np.array([video], np.int64), ("author", "sound", "topics"))
    named_by = [(AUTHOR, int(of["author"][0])), (SOUND, int(of["sound"][0]))]
    named_by += [(TOPIC, int(topic)) for topic in of["topics"][0]]
    each = [(what, key) for what, key in named_by if key]
    if not each or not viewer:
        return []
    one = np.array([viewer], np.int64)
    keys = np.array([[key for _, key in each]], np.int64)
    found = look_up(store, one, np.zeros(1, np.int64), keys, np.array([now]))
    rows = sorted(
        zip(each, found.strength[0].tolist(), found.evidence[0].tolist(), strict=True),
        key=lambda row: (-abs(row[1]), row[0]),
    )

    def told(family: str, what: int, key: int, strength: float, proof: float) -> dict[str, object]:
        field = FIELD_OF[what]
        name = named(documents, field, key)
        return {
            "family": family, "kind": field, "name": name, "strength": round(strength, 6), "evidence": round(proof, 3),
        }  # fmt: skip

    out = [
        told(family, what, key, strength, proof)
        for family in _LEARNED
        for (what, key), strength, proof in rows
        if proof > 0
    ]
    out += [told("information", what, key, strength, proof) for (what, key), strength, proof in rows]
    out += [
        told("similar", what, key, strength, proof)
        for (what, key), strength, proof in rows
        if what == AUTHOR and stands(store, one, np.array([key], np.int64), Kind.FOLLOW)[0]
    ]
    asked = _asked(preferences(store, viewer))
    out += [told("wishes", what, key, asked[key], proof) for (what, key), _, proof in rows if key in asked]
    return out


def _asked(prefers: Batch) -> dict[int, float]:
    return dict(zip(prefers["target"].tolist(), prefers["strength"].tolist(), strict=True))
