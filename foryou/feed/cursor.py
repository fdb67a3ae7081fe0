"""A place in an ordered list that outlives changes to it: the numbers by which the last row was ordered."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TypeAlias

from foryou.core.errors import InvalidEvent

Order: TypeAlias = tuple[int, ...]
"""What a row is ordered by, the smallest first; no two rows have the same."""
_RIGHT = "the `next` of the answer before"


def page(orders: Sequence[Order], n: int, after: str) -> tuple[range, str | None]:
    """Of sorted rows the places of the next `n` after a cursor ("": the first), and the cursor of what follows."""
    start = 0
    if after:
        start = bisect_right(orders, read(after))
    end = min(start + n, len(orders))
    return range(start, end), written(orders[end - 1]) if start < end < len(orders) else None


def written(order: Order) -> str:
    """An order as a cursor.

    >>> read(written((-3, 7)))
    (-3, 7)
    """
    return ".".join(map(str, order))


def read(cursor: str) -> Order:
    """The order that a cursor says. InvalidEvent if it is none."""
    try:
        return tuple(int(part) for part in cursor[:256].split("."))
    except ValueError as problem:
        raise InvalidEvent("after", f"{cursor[:50]!r} is no cursor", _RIGHT) from problem
