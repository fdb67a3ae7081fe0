"""Copies that are brought up to date instead of made anew."""

import gc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foryou.core.memory import HEAP
from foryou.models.copies import Copies


class Reader:
    """Somebody who reads a copy."""


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.lists(st.integers(0, 9), min_size=1, max_size=4)),
        st.tuples(st.just("copy"), st.integers(1, 3)),
        st.tuples(st.just("drop"), st.integers(0, 3)),
        st.tuples(st.just("grow"), st.just(0)),
    ),
    max_size=40,
)


@given(steps=STEPS)
def test_a_copy_is_what_the_matrix_was_and_stays_so_while_it_is_read(steps: list[tuple[str, object]]) -> None:
    matrix, copies, stamp = np.zeros((10, 2), np.float32), Copies(HEAP, 2), 0.0
    held: list[tuple[Reader, np.ndarray, np.ndarray]] = []
    for what, how in steps:
        if what == "change":
            stamp += 1
            rows = np.array(how, np.int64)
            matrix[rows] = stamp
            copies.changed(rows)
        elif what == "grow":
            matrix = HEAP.grown(matrix, len(matrix) + 1)
        elif what == "copy":
            reader = Reader()
            held.append((reader, copies.take(matrix, 10, reader), matrix[:10].copy()))
        elif held:
            del held[int(str(how)) % len(held)]
            gc.collect(0)
        for _, copy, expected in held:
            np.testing.assert_array_equal(copy, expected)
