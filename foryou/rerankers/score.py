"""The plain order: highest score first, and no chance in it."""

from __future__ import annotations

import numpy as np

from foryou.core.pipeline import Candidates, Request


def by_score(request: Request, rows: Candidates) -> Candidates:
    """Highest score first, then by item; scores that are not finite come last."""
    score = np.where(np.isfinite(rows["score"]), rows["score"], -np.inf)
    order = np.lexsort((rows["item"], -score))
    ones, zeros = np.ones(len(rows)), np.zeros(len(rows))
    told = {"value": rows["score"], "variety": zeros, "explore": zeros, "propensity": ones}
    return rows.extend({**told, "explored": np.zeros(len(rows), np.int8)}).take(order)
