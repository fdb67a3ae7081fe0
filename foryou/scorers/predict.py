"""What the model expects of showing each candidate: one column for each head, and what explaining them needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Columns
from foryou.core.errors import ModelError
from foryou.core.heads import NAMES
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Model, Pairs


@dataclass(frozen=True)
class Predict:
    """Asks the model version in use. ModelError if it gives anything that is not a number."""

    model: Callable[[], Model]

    def __call__(self, request: Request, rows: Candidates) -> Columns:
        if len(rows) == 0:
            return {name: np.zeros(0, np.float32) for name in NAMES}
        told = self.model().predict_kept(Pairs(request.viewer, rows, np.zeros(len(rows), np.int64)))
        heads = [told[name] for name in NAMES]
        if not np.isfinite(np.concatenate(heads)).all():
            name = next(name for name, values in zip(NAMES, heads, strict=True) if not np.isfinite(values).all())
            raise ModelError(f"head {name} of model {self.model().version} is not finite for every candidate")
        return told.columns
