"""What a viewer thinks of what each video is about, as the inputs that the model reads."""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Column, Rows
from foryou.core.ports import Keys, Store
from foryou.features.interests import look_up


@njit(cache=True, nogil=True)
def _put(strength, evidence, refused, lift, wide, targets, out, to):  # type: ignore[no-untyped-def]
    for i in range(targets.shape[0]):
        number, total, proof, lifts = 0, 0.0, 0.0, 0.0
        high, low, highest, most = -1.0, 1.0, -1.0, refused[i, wide]
        for t in range(wide):
            if targets[i, t] != 0:
                number += 1
                total += strength[i, t]
                proof += evidence[i, t]
                lifts += lift[i, t]
                high, low = max(high, strength[i, t]), min(low, strength[i, t])
                highest, most = max(highest, lift[i, t]), max(most, refused[i, t])
        if number == 0:
            high = low = highest = 0.0
        over = max(number, 1)
        for n, value in enumerate((total / over, high, low)):
            out[i, to[0] + n] = value
        for n in range(5):
            out[i, to[1 + n]] = strength[i, wide + n]
        out[i, to[6]] = np.log1p(proof)
        out[i, to[6] + 1] = np.log1p(evidence[i, wide])
        out[i, to[7]] = lifts / over
        out[i, to[7] + 1] = highest
        for n, t in enumerate((0, 1, 3, 5)):
            out[i, to[8 + n]] = lift[i, wide + t]
        out[i, to[12]] = 1.0 - np.exp2(-most)


PUT = (
    "interest_topic",
    *(f"interest_{name}" for name in ("author", "sound", "format", "length", "language")),
    "interest_evidence",
    "lift_topic",
    *(f"lift_{name}" for name in ("author", "sound", "length", "surface")),
    "rejected",
)
"""The inputs that `put_interests` fills, in the order of its `to`."""


def put_interests(
    store: Store, viewer: Keys, of: Rows, topics: Keys, others: Keys, at: Column, out: Column, to: Column
) -> Column:
    """What viewer `viewer[of[i]]` thinks of each video at `at` (ms), into the columns of `out` that begin at `to`; and
    the evidence behind what they think of its language `[rows]`.

    `topics` `[rows, topics]`; `others` `[rows, 6]`: author, sound, format, length, language, surface.
    """
    targets = np.concatenate([topics, others], axis=1)
    found = look_up(store, viewer, of, targets, at)
    _put(*found, topics.shape[1], targets, out, to)
    return np.asarray(found.evidence[:, topics.shape[1] + 4])
