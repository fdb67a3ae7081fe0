"""How far two distributions are apart."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Column


def ks(one: Column, other: Column) -> float:
    """The largest difference between two distributions (Kolmogorov and Smirnov), 0 to 1; 1 if one is empty."""
    if not len(one) or not len(other):
        return 1.0
    at = np.sort(np.concatenate([one, other]))
    shares = (np.searchsorted(np.sort(each), at, "right") / len(each) for each in (one, other))
    return float(np.abs(np.subtract(*shares)).max())
