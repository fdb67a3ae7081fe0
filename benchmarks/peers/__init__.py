"""The peers of the ranking protocols, behind the extra `peers`. The engine never imports them.

`PEERS` and `ONLINE` name what each needs; `installed` and `missing` say what is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from benchmarks.peers import logistic, machine, trees, vowpal
from foryou.core.heads import HEADS
from foryou.protocols.online import OnlinePeer
from foryou.protocols.peers import Peer

ALL = tuple(head.name for head in HEADS if head.kind == "binary")
EFFECTS = "LightGBM on our counters and our learned effects"
VOWPAL_EFFECTS = "Vowpal Wabbit on our counters and our learned effects"
EXTRA = "pip install 'foryou[peers]'"

PEERS: tuple[tuple[Peer, str], ...] = (
    (Peer("logistic", "logistic regression", logistic.fit, ALL, seeded=False), "sklearn"),
    (Peer("machine", "factorization machine", machine.fit, ALL), "numba"),
    (Peer("vowpal", "Vowpal Wabbit", vowpal.fit, ALL, seeded=False), "vowpalwabbit"),
    (Peer("lightgbm", "LightGBM", trees.fit, ALL, watch="mean"), "lightgbm"),
    (Peer("lightgbm_l1", "LightGBM, median of seconds", trees.fit, (), watch="median"), "lightgbm"),
    (Peer("lightgbm_effects", EFFECTS, trees.fit, ALL, watch="median", effects=True), "lightgbm"),
)
"""Each peer of `foryou evaluate kuairand --peers`, and the package that it needs."""

ONLINE: tuple[tuple[OnlinePeer, str], ...] = (
    (OnlinePeer("machine", "factorization machine, AdaGrad", machine.start), "numba"),
    (OnlinePeer("vowpal", "Vowpal Wabbit", vowpal.start, seeded=False), "vowpalwabbit"),
    (OnlinePeer("vowpal_pairs", "Vowpal Wabbit, pairs of ids", vowpal.start_pairs, seeded=False), "vowpalwabbit"),
    (OnlinePeer("vowpal_effects", VOWPAL_EFFECTS, vowpal.start, seeded=False, effects=True), "vowpalwabbit"),
)
"""Each peer of `foryou evaluate kuairand --online`."""


def missing(needed: Iterable[str]) -> list[str]:
    """Which of these packages are not installed."""
    return sorted({name for name in needed if find_spec(name) is None})


def installed(batch: bool) -> tuple[tuple[Peer, ...] | tuple[OnlinePeer, ...], list[str]]:
    """The peers that can run, and the packages that the others lack."""
    listed = PEERS if batch else ONLINE
    there = tuple(peer for peer, needs in listed if find_spec(needs) is not None)
    return there, missing(needs for _, needs in listed)
