"""What the viewer is known to like counts by itself, beside what the model predicts.

What people do with a video depends more on the video than on them: a prediction of it therefore goes by what is good
for everybody first. Preferences before popularity is a choice, so it stands as a part of its own: in the score, in
explanations, and in the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Column, Columns
from foryou.core.pipeline import Candidates, Request

SIGNS: Mapping[tuple[str, int], float] = {
    ("response_text", 0): 1.0,
    ("interest_topic", 0): 0.26,
    ("lift_author", 0): 0.14,
    ("interest_author", 0): 0.12,
    ("interest_language", 0): 0.08,
    ("speaks", 0): 0.06,
}
"""What one unit of each part of an input says of how well a video fits a viewer, 0 to 1: the regression of the true
match of candidates, in a simulated world that no claim is judged by (decision 37)."""
REFUSED = 0.4
"""What a video loses whose topic or author the viewer refused ("not interested", a report), over and over: half of it
for one that is not long ago, three quarters for two. Not learned but wished, so it holds against any history: who
watched a topic for a week is heard as well (decision 45)."""


def affinity(rows: Candidates) -> Column:
    """How well each of `rows` fits the viewer, as far as is known; 0 where nothing is."""
    total = np.zeros(len(rows))
    for (name, part), weight in SIGNS.items():
        values = rows[name]
        total += weight * (values if values.ndim == 1 else values[:, part])
    return total - REFUSED * rows["rejected"]


@dataclass(frozen=True)
class Affinity:
    """Adds `affinity`, times what it is `worth`, and it to `score`."""

    worth: float

    def __call__(self, request: Request, rows: Candidates) -> Columns:
        part = self.worth * affinity(rows) if "rejected" in rows else np.zeros(len(rows))
        return {"affinity": part, "score": rows["score"] + part}
