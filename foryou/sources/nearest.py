"""Videos whose learned vector lies nearest to the viewer's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from foryou.core.batch import Batch
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Index


@dataclass(frozen=True)
class Nearest:
    """The `most` nearest by inner product. `index` gives the index of the model version in use."""

    index: Callable[[], Index]
    most: int = 200

    def __call__(self, request: Request) -> Candidates:
        item, score = self.index().search(request.viewer["vector"][0], self.most)
        return Batch({"item": item, "source_score": score})
