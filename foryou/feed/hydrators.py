"""What the stages of the feed read about candidates: the catalogue for the filters, then the model's inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Columns
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Store
from foryou.features.hydrate import item_columns


@dataclass(frozen=True)
class Catalog:
    """What filters need to know of a video."""

    store: Store

    def __call__(self, request: Request, rows: Candidates) -> Columns:
        return self.store.columns(
            "video", rows["item"], ("author", "sound", "topics", "language", "uploaded", "known", "removed")
        ).columns


@dataclass(frozen=True)
class Inputs:
    """Everything the model reads of a candidate beside this viewer; for the candidates that the filters left."""

    store: Store

    def __call__(self, request: Request, rows: Candidates) -> Columns:
        of = np.zeros(len(rows), np.int64)
        return item_columns(self.store, request.viewer, of, rows["item"], np.full(len(rows), request.at))
