"""How lists drawn from all items are measured: the same for our retriever and for every other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.evaluation.lists import coverage, first, hits, ndcg_at, recall_at

Scorer = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Scores of all items for some viewers `[viewers, items]`."""
CHUNK = 512


def measure(
    scorer: Scorer, seen: Any, wanted: Any, viewers: NDArray[np.int64], recall: Sequence[int], ndcg: int
) -> dict[str, float]:
    """Recall at each of `recall`, nDCG at `ndcg` and coverage of the first `ndcg`, what viewers have had left out.

    `seen` and `wanted` are sparse `[viewers, items]`; keys are recall@K, ndcg@K and coverage.
    """
    longest = max(*recall, ndcg)
    lists, found = [], []
    for start in range(0, len(viewers), CHUNK):
        some = viewers[start : start + CHUNK]
        scores = np.array(scorer(some), np.float32)
        had = seen[some].tocoo()
        scores[had.row, had.col] = -np.inf
        lists.append(first(scores, longest))
        found.append(hits(lists[-1], wanted[some].toarray() > 0))
    every, hit = np.concatenate(lists), np.concatenate(found)
    count = np.diff(wanted.indptr)[viewers]
    out = {f"recall@{k}": round(recall_at(hit, count, k), 5) for k in recall}
    out[f"ndcg@{ndcg}"] = round(ndcg_at(hit, count, ndcg), 5)
    return {**out, "coverage": round(coverage(every[:, :ndcg], seen.shape[1]), 4)}
