"""Nearest neighbours at any size: every vector is looked at while there are few, and cells of them once there are many.

The exact scan holds what is true; cells only propose. So what was removed never comes, a score is always exact, and
what came, or moved out of its cell, after the cells were built is scanned beside them until they are built anew.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.backends.cells import Arrays, Cells
from foryou.backends.dense import DenseIndex
from foryou.core.errors import BackendError
from foryou.core.memory import HEAP, Memory, Published
from foryou.core.ports import Keys

EXACT_UNTIL = 1_000_000
"""Numbers (vectors x components) up to which a scan of all is about as fast as a search in cells: 62,000 vectors of
16, 16,000 of 64. `python -m benchmarks index` measures it."""
STALE = 0.1
"""Cells are built anew once so large a part of what they hold was added, replaced or removed."""

_LOG = logging.getLogger("foryou")
WAITED_FOR = 16_000_000
"""Numbers up to which cells are built before `add` returns, where many vectors come at once: some two seconds. Of more,
all are looked at until the cells are there, which is slow, but sooner than no answer."""


@dataclass(frozen=True, slots=True)
class _Proposing:
    """Cells, and what was added or replaced since they were built. Swapped in whole."""

    cells: Cells
    since: DenseIndex


class ScaledIndex:
    """An `Index` that scans up to `exact_until` numbers, and above searches cells and scans what is newer than they.

    Any thread may search; adding and removing take turns. An `add` of more than `stale` of all vectors, as the first
    filling is, builds the cells before it returns, unless that takes long. Where many small ones have made them stale,
    a thread builds, and the old cells go on serving meanwhile.
    """

    def __init__(self, exact_until: int = EXACT_UNTIL, stale: float = STALE, memory: Memory = HEAP) -> None:
        """`memory` is where the vectors lie, and the arrays of the cells."""
        self.exact_until, self.stale, self._memory = exact_until, stale, memory
        self._all = DenseIndex(memory)
        self._proposing: _Proposing | None = None
        self._name, self._swaps = "", 0
        self._next: DenseIndex | None = None
        """What was added or replaced since the building that is under way began."""
        self._changes = 0
        self._writing = threading.Lock()
        self._building = threading.Lock()
        self._builder: threading.Thread | None = None
        self._dim = 1

    def add(self, ids: Keys, vectors: NDArray[np.float32]) -> None:
        """Put vectors `[ids, dim]`; an id that is there is replaced. ValueError if `dim` is not that of the others."""
        with self._writing:
            self._all.add(ids, vectors)  # before it can be proposed
            if len(ids) == 0:
                return
            self._dim = vectors.shape[1]
            moved = self._moved(ids, vectors)
            for newer in self._newer():
                newer.add(ids[~moved], vectors[~moved])
                newer.remove(ids[moved])
            self._changes += int(np.count_nonzero(~moved))
            many, numbers = len(ids) > self.stale * len(self._all), len(self._all) * self._dim
            due, at_once = self._is_due(), many and numbers <= WAITED_FOR
        if due:
            (self._build if at_once else self._build_beside)()

    def remove(self, ids: Keys) -> None:
        """Forget these ids; those that are not there are no matter."""
        with self._writing:
            self._all.remove(ids)
            for newer in self._newer():
                newer.remove(ids)
            self._changes += len(ids)
            due = self._is_due()
        if due:
            self._build_beside()

    def search(self, query: NDArray[np.float32], k: int) -> tuple[Keys, NDArray[np.float32]]:
        """The ids with the k highest inner products with `query` `[dim]`, best first, and these; most of them, once
        there are cells."""
        return self.searches(query[None], [k])[0]

    def searches(self, queries: NDArray[np.float32], ks: Sequence[int]) -> list[tuple[Keys, NDArray[np.float32]]]:
        """`search` of each of `queries` `[queries, dim]`."""
        return _searches(self._all, self._proposing, queries, ks)

    def vectors(self, ids: Keys) -> NDArray[np.float32]:
        """The vectors `[ids, dim]` of these; zero for one that is not here."""
        return self._all.vectors(ids)

    def publish(self, name: str) -> None:
        """Let other processes search these vectors, as they change, under a name: see `AttachedIndex`."""
        with self._writing:
            self._name = name
            self._all.publish(name)
            self._publish_cells()

    def _publish_cells(self) -> None:
        """Whoever changes what proposes has `_writing`."""
        if not self._name:
            return
        self._swaps += 1
        if self._proposing is None:
            self._memory.publish(f"{self._name}-cells", {})
            return
        held, number = self._proposing.cells.held, np.array([self._proposing.cells.probes, self._swaps])
        self._proposing.since.publish(f"{self._name}-since-{self._swaps}")
        arrays = {each.name: getattr(held, each.name) for each in fields(held)}
        self._memory.publish(f"{self._name}-cells", {**arrays, "number": number})

    def settle(self) -> None:
        """Wait until cells that are being built are in use."""
        builder = self._builder
        if builder is not None:
            builder.join()

    @property
    def cells(self) -> Cells | None:
        """What proposes now; none while every vector is looked at."""
        proposing = self._proposing
        return proposing.cells if proposing is not None else None

    def __len__(self) -> int:
        return len(self._all)

    def _moved(self, ids: Keys, vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which of these the cells have, and could follow to where they are now; none while others are being built."""
        if self._proposing is None or self._next is not None:
            return np.zeros(len(ids), np.bool_)
        return self._proposing.cells.move(ids, vectors)

    def _newer(self) -> list[DenseIndex]:
        now = [self._proposing.since] if self._proposing is not None else []
        return [*now, self._next] if self._next is not None else now

    def _is_due(self) -> bool:
        """Whether there are too many vectors for a scan, too few for cells, or too many that the cells do not know."""
        numbers = len(self._all) * self._dim
        if self._proposing is None:
            return numbers > self.exact_until
        few = 2 * numbers < self.exact_until  # half: not back and forth
        return few or self._changes > max(self.stale * len(self._proposing.cells), 1.0)

    def _build_beside(self) -> None:
        """Build in a thread, unless one does already."""
        with self._writing:
            if self._builder is not None and self._builder.is_alive():
                return
            self._builder = threading.Thread(target=self._build_or_tell, name="foryou-index")
            self._builder.start()

    def _build_or_tell(self) -> None:
        try:
            while True:
                self._build()
                with self._writing:  # what came while it was built may be too much again, and nothing else may come
                    if self._proposing is None or not self._is_due():
                        return
        except Exception:  # out of memory, say: the old cells and the scan beside them go on
            _LOG.exception("building the index failed; it is tried again after as many changes")
            with self._writing:
                self._changes, self._next = 0, None

    def _build(self) -> None:
        """Build cells from what there is now, and swap them in together with what comes meanwhile."""
        with self._building:
            with self._writing:
                if 2 * len(self._all) * self._dim < self.exact_until:
                    self._proposing, self._changes = None, 0
                    self._publish_cells()
                    return
                before = self._changes
                self._next = DenseIndex(self._memory)
                ids, vectors = self._all.held()
            cells = Cells(ids, vectors, self._memory.zeros) if len(ids) else None
            with self._writing:
                self._proposing = _Proposing(cells, self._next) if cells is not None else None
                self._next = None
                self._changes -= before
                self._publish_cells()


class AttachedIndex:
    """The vectors that another process publishes, to search."""

    def __init__(self, published: Callable[[str], Published], name: str) -> None:
        """`published` raises BackendError until there are any."""
        self._published, self._name = published, name
        self._all: DenseIndex | None = None
        self._cells: Published | None = None
        self._proposing: _Proposing | None = None

    def search(self, query: NDArray[np.float32], k: int) -> tuple[Keys, NDArray[np.float32]]:
        return self.searches(query[None], [k])[0]

    def searches(self, queries: NDArray[np.float32], ks: Sequence[int]) -> list[tuple[Keys, NDArray[np.float32]]]:
        """As those of `ScaledIndex`."""
        return _searches(self._now(), self._proposing, queries, ks)

    def vectors(self, ids: Keys) -> NDArray[np.float32]:
        """As those of `ScaledIndex`."""
        return self._now().vectors(ids)

    def add(self, ids: Keys, vectors: NDArray[np.float32]) -> None:
        raise BackendError(_ELSEWHERE)

    def remove(self, ids: Keys) -> None:
        raise BackendError(_ELSEWHERE)

    def publish(self, name: str) -> None:
        raise BackendError(_ELSEWHERE)

    def __len__(self) -> int:
        return len(self._now().held()[0])

    def _now(self) -> DenseIndex:
        """All vectors, after a look at what proposes now."""
        try:
            if self._all is None:
                self._all = DenseIndex.attached(self._published, self._name)
            if self._cells is None:
                self._cells = self._published(f"{self._name}-cells")
        except BackendError:  # nothing has a vector yet
            return self._all if self._all is not None else DenseIndex()
        arrays = self._cells.news()
        if arrays is not None:
            self._proposing = self._followed(dict(arrays)) if arrays else None
        return self._all

    def _followed(self, arrays: dict[str, NDArray[Any]]) -> _Proposing:
        probes, number = arrays.pop("number").tolist()
        try:
            since = DenseIndex.attached(self._published, f"{self._name}-since-{number}")
        except BackendError:  # nothing came or changed since
            since = DenseIndex()
        return _Proposing(Cells.over(Arrays(**arrays), probes), since)


_ELSEWHERE = "vectors of another process are searched here; whoever made them changes them"


def _searches(
    every: DenseIndex, proposing: _Proposing | None, queries: NDArray[np.float32], ks: Sequence[int]
) -> list[tuple[Keys, NDArray[np.float32]]]:
    """The best of all for each query, among what is proposed if anything proposes."""
    if proposing is None or 4 * max(ks, default=0) >= len(proposing.cells):
        return every.searches(queries, ks)
    every.refuse(queries)
    wanted = np.array(ks, np.int64)
    near, begins = proposing.cells.searches(queries, wanted + wanted // 4 + 16)  # some are gone by now, or moved away
    newer, newer_begins = proposing.since.proposals(queries, wanted)
    if len(newer):
        near, begins = _beside(near, begins, newer, newer_begins)
    found = every.best_of(near, begins, queries, wanted)
    return [
        each if len(each[0]) >= k else every.search(query, k) for each, query, k in zip(found, queries, ks, strict=True)
    ]


def _beside(one: Keys, begins: Keys, other: Keys, other_begins: Keys) -> tuple[Keys, Keys]:
    """What two propose for each query, one behind the other, and where each query's begin."""
    parts = [
        part
        for q in range(len(begins) - 1)
        for part in (one[begins[q] : begins[q + 1]], other[other_begins[q] : other_begins[q + 1]])
    ]
    return np.concatenate(parts), begins + other_begins
