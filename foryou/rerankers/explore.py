"""Order by score, with a little chance in it, so that there is always something to learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Column
from foryou.core.pipeline import Candidates, Request

LEAST = 1e-9
"""The smallest temperature with any chance in it: scores divided by less are no numbers."""


def plackett_luce(score: Column, order: Column, temperature: float) -> Column:
    """The probability that each of `order` is drawn next, given what was drawn before it: softmax over what is left."""
    scaled = score[order] / temperature
    left = np.logaddexp.accumulate(scaled[::-1])[::-1]
    return np.asarray(np.exp(scaled - left))


@dataclass(frozen=True)
class Explore:
    """Draws the order without replacement, with probabilities softmax(score / temperature).

    Sorting by score + temperature x Gumbel noise is that draw (Gumbel-max; Yellott, 1977). Adds `explore` (the noise
    that was added to the score, centred), `propensity` (the chance of being drawn at this place, before the rules that
    follow) and replaces `score` by the sum. Scores that are not finite sink to the end. Temperature 0 is the
    plain order.
    """

    temperature: float = 0.03

    def __call__(self, request: Request, rows: Candidates) -> Candidates:
        if self.temperature < LEAST:
            return by_score(request, rows)
        score = np.where(np.isfinite(rows["score"]), rows["score"], -1e9)
        by_item = np.argsort(rows["item"], kind="stable")
        noise = np.zeros(len(rows))
        noise[by_item] = self.temperature * (request.rng("explore").gumbel(size=len(rows)) - np.euler_gamma)
        order = np.argsort(-(score + noise), kind="stable")
        chance = plackett_luce(score, order, self.temperature)
        drawn = {"explore": noise[order], "value": score[order], "score": (score + noise)[order], "propensity": chance}
        return rows.take(order).extend(drawn)


def by_score(request: Request, rows: Candidates) -> Candidates:
    """The plain order, no chance in it: highest score first, then by item."""
    score = np.where(np.isfinite(rows["score"]), rows["score"], -np.inf)
    order = np.lexsort((rows["item"], -score))
    ones, zeros = np.ones(len(rows)), np.zeros(len(rows))
    return rows.extend({"explore": zeros, "value": rows["score"], "propensity": ones}).take(order)
