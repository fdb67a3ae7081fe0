"""What the peers' settings were chosen by: KR-rank of long_view on 28-30 April, learned up to 27 April.

`python -m benchmarks.peers.tune [PEER]` prints a line for each setting. The test days are never read.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.peers import logistic, machine, trees, vowpal
from foryou.core.batch import Column
from foryou.models.threads import one_blas_thread
from foryou.protocols.columns import Table, table
from foryou.protocols.examples import fold_log
from foryou.protocols.measures import ranking
from foryou.protocols.peers import Fit

DATA = Path("data/kuairand-pure")
FIRST, LAST = date(2022, 4, 28), date(2022, 4, 30)


def grid() -> Iterator[tuple[str, str, bool, Fit]]:
    """Peer, setting, whether it learns the sequences too, and how it is fitted."""
    for rows in (False, True):
        for rate, leaves, rounds in (
            *((0.05, leaves, rounds) for leaves in (7, 15, 31, 63) for rounds in (100, 200, 300)),
            *((0.03, leaves, rounds) for leaves in (7, 15, 31) for rounds in (100, 200)),
            *((0.1, leaves, rounds) for leaves in (15, 31) for rounds in (200, 400)),
        ):
            chosen = {"learning_rate": rate, "num_leaves": leaves}
            fit: Fit = partial(trees.fit, rounds=rounds, settings=chosen)
            yield "trees", f"rate {rate}, {leaves} leaves, {rounds} rounds", rows, fit
        for strength in (0.0003, 0.001, 0.003, 0.01, 0.03):
            yield "logistic", f"C {strength}", rows, partial(logistic.fit, strength=strength)
        for rate in (0.005, 0.01, 0.02):
            for epochs in (1, 2, 4):
                fit = partial(machine.fit, rate=rate, epochs=epochs)
                yield "machine", f"rate {rate}, {epochs} epochs", rows, fit
        for rate in (0.02, 0.05, 0.1, 0.5):
            for pairs in ((), ("va", "vt", "vl")):
                yield "vowpal", f"rate {rate}, pairs {pairs}", rows, partial(vowpal.fit, rate=rate, pairs=pairs)


def main(names: list[str]) -> None:
    """Print the primary measure of each setting of these peers (none: of all)."""
    one_blas_thread()
    rows = fold_log(DATA, FIRST, LAST)
    learned, asked, users = table(rows.learned.batches()), table(rows.frozen.batches()), rows.rows["user_id"]
    truth = asked.outcomes["long_view"]
    for peer, setting, history, fit in grid():
        if names and peer not in names:
            continue
        known = np.isfinite(learned.outcomes["long_view"])
        train = learned.take(np.flatnonzero(known if history else known & np.isfinite(learned.outcomes["watch"])))
        started = time.perf_counter()
        found = _score(fit, train, asked, users, truth)
        took = time.perf_counter() - started
        print(f"{peer:<9} {found:.5f}  {setting}{', sequences too' if history else ''} ({took:.0f} s)", flush=True)


def _score(fit: Fit, train: Table, asked: Table, users: Column, truth: Column) -> float:
    predict = fit(train, train.outcomes["long_view"].astype(np.float64), "binary", 1)
    return ranking(users, truth, predict(asked), 1)["primary"]


if __name__ == "__main__":
    main(sys.argv[1:])
