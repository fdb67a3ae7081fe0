"""Where a search in cells becomes faster than looking at every vector, and what it finds of the exact answer.

Made-up vectors of length 1 in heaps, as those of videos lie by topic. Who asks is a vector, or the sum of two or three:
a viewer of several interests. Three structures answer: the exact scan, a scan of bytes whose best are computed again
exactly, and cells.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.backends.dense import DenseIndex
from foryou.backends.scaled import EXACT_UNTIL, ScaledIndex
from foryou.bench.record import Benchmark, Line, Report

Vectors = NDArray[np.float32]
Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Size:
    """How many vectors of how many components, and how they are asked for."""

    counts: tuple[int, ...] = (10_000, 30_000, 100_000, 300_000, 1_000_000)
    dims: tuple[int, ...] = (16, 32, 64)
    k: int = 500
    queries: int = 100
    inserts: int = 1_000
    heaps: int = 300
    spread: float = 0.6
    """Length of what a vector has of its own, beside that of its heap."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One structure at one size."""

    structure: str
    count: int
    dim: int
    p50_ms: float
    p95_ms: float
    recall: float
    build_s: float
    inserts_s: float
    mb: float
    searched: str = ""
    """Of how many cells how many are searched."""


class Searchable(Protocol):
    """What the three have in common."""

    def add(self, ids: Keys, vectors: Vectors) -> None: ...

    def search(self, query: Vectors, k: int) -> tuple[Keys, Vectors]: ...


def measure(size: Size) -> Report:
    """Every structure at every size, and the least size at which cells are faster than the exact scan."""
    figures: list[Figures] = []
    for dim in size.dims:
        for count in size.counts:
            ids, vectors, queries = made(size, count, dim)
            exact = DenseIndex()
            exact.add(ids, vectors)
            truth = [exact.search(query, size.k)[0] for query in queries]
            del exact
            for name, make in STRUCTURES.items():
                figures.append(measured(name, make, size, ids, vectors, queries, truth))
                print(f"  {figures[-1]}", file=sys.stderr)
    return {"figures": [asdict(each) for each in figures], "exact_until": EXACT_UNTIL}


def measured(
    name: str,
    make: Callable[[], Searchable],
    size: Size,
    ids: Keys,
    vectors: Vectors,
    queries: Vectors,
    truth: list[Keys],
) -> Figures:
    """One structure: filled, asked, and added to one by one."""
    make().add(ids[:64], vectors[:64])  # compiles, and imports
    before, started = resident(), time.perf_counter()
    index = make()
    index.add(ids, vectors)
    build_s, mb = time.perf_counter() - started, resident() - before
    took, found = [], []
    for query, best in zip(queries, truth, strict=True):
        started = time.perf_counter()
        near = index.search(query, size.k)[0]
        took.append(1e3 * (time.perf_counter() - started))
        found.append(len(np.intersect1d(best, near)) / max(len(best), 1))
    fresh = ids.max() + 1 + np.arange(size.inserts)
    started = time.perf_counter()
    for place in range(size.inserts):
        index.add(fresh[place : place + 1], vectors[place : place + 1])
    inserts_s = size.inserts / (time.perf_counter() - started)
    searched = ""
    if isinstance(index, ScaledIndex):
        index.settle()
        searched = f"{index.cells.probes} of {index.cells.cells}" if index.cells is not None else "all"
    p50, p95 = np.percentile(took, (50, 95))
    return Figures(
        name,
        len(ids),
        vectors.shape[1],
        round(float(p50), 3),
        round(float(p95), 3),
        round(float(np.mean(found)), 4),
        round(build_s, 3),
        round(inserts_s),
        round(mb, 1),
        searched,
    )


def made(size: Size, count: int, dim: int) -> tuple[Keys, Vectors, Vectors]:
    """Ids, vectors `[count, dim]`, and queries `[queries, dim]`, each a vector or the sum of two or three."""
    chance = np.random.default_rng(count + dim)
    heaps = unit(chance.normal(size=(size.heaps, dim)))
    vectors = unit(
        heaps[chance.integers(0, size.heaps, count)] + size.spread * chance.normal(size=(count, dim)) / np.sqrt(dim)
    )
    some = vectors[chance.integers(0, count, (size.queries, 3))]
    some[::3, 1:] = 0
    some[1::3, 2] = 0
    return chance.permutation(count).astype(np.int64) + 1, vectors, unit(some.sum(axis=1))


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """Each row at length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def resident() -> float:
    """MB of memory that the process has now, without what is free for reuse."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


class Bytes:
    """A scan of one byte a component; twice k of its best are computed again exactly. It only grows, by copying."""

    def __init__(self) -> None:
        self._ids = np.zeros(0, np.int64)
        self._vectors = np.zeros((0, 0), np.float32)
        self._bytes = np.zeros((0, 0), np.int8)

    def add(self, ids: Keys, vectors: Vectors) -> None:
        held = self._vectors.reshape(-1, vectors.shape[1])
        self._ids, self._vectors = np.concatenate([self._ids, ids]), np.concatenate([held, vectors])
        small = np.round(127 * vectors).astype(np.int8)
        self._bytes = np.concatenate([self._bytes.reshape(-1, vectors.shape[1]), small])

    def search(self, query: Vectors, k: int) -> tuple[Keys, Vectors]:
        rough = np.empty(len(self._ids), np.int32)
        _byte_products(self._bytes, np.round(127 * query).astype(np.int8), rough)
        among, sample = 2 * k, rough[::64]
        best = np.arange(len(rough))
        if 64 * among < 32 * len(rough):
            best = np.flatnonzero(rough >= np.partition(sample, -among // 32)[-among // 32])
        scores = self._vectors[best] @ query
        order = np.argsort(-scores, kind="stable")[:k]
        return self._ids[best[order]], scores[order]


@njit(cache=True, nogil=True)
def _byte_products(vectors, query, out):  # type: ignore[no-untyped-def]
    for row in range(vectors.shape[0]):
        total = np.int32(0)
        for column in range(vectors.shape[1]):
            total += np.int32(np.int16(vectors[row, column]) * np.int16(query[column]))
        out[row] = total


STRUCTURES: dict[str, Callable[[], Searchable]] = {
    "exact": DenseIndex,
    "bytes": Bytes,
    "cells": lambda: ScaledIndex(exact_until=0),
}


def lines(report: Report) -> list[Line]:
    """For the table: the largest catalogue at each width, and where cells overtake the scan."""
    each = {(row["structure"], row["count"], row["dim"]): row for row in report["figures"]}
    counts, dims = sorted({key[1] for key in each}), sorted({key[2] for key in each})
    made: list[Line] = []
    for dim in dims:
        exact, cells = (each[name, counts[-1], dim] for name in ("exact", "cells"))
        faster = [n for n in counts if each["cells", n, dim]["p50_ms"] < each["exact", n, dim]["p50_ms"]]
        made += [
            Line(
                f"nearest 500 of {counts[-1]:,} vectors of {dim}, exact / in cells, p50",
                f"{exact['p50_ms']:.2f} / {cells['p50_ms']:.2f} ms",
            ),
            Line(
                "the same, recall in cells; built in; inserts/s" + (f"; faster from {faster[0]:,}" if faster else ""),
                f"{cells['recall']:.3f}; {cells['build_s']:.1f} s; {cells['inserts_s']:,}",
                "recall .95",
            ),
        ]
    return made


BENCHMARK = Benchmark(
    "nearest neighbours: exact, in bytes and in cells, by size",
    Size(),
    Size(counts=(200, 1_000), dims=(8,), k=20, queries=6, inserts=10, heaps=10),
    measure,
    lines,
)
