"""Grouping by hashing finds what sorting finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foryou.grouping import group

IDS = st.lists(st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1), max_size=60)


@given(IDS)
def test_it_finds_the_same_ids_as_sorting_in_the_order_in_which_they_come(drawn: list[int]) -> None:
    ids = np.array(drawn, np.int64)
    first, row = group(ids)
    assert first.tolist() == list(dict.fromkeys(drawn))
    assert np.array_equal(first[row], ids)
