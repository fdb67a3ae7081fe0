"""The claims about the loop, in made-up worlds with twins in them: each with an interval over seeds, and whether it
holds.

Every run is written down at once, to go on where it was cut: `results/loop-runs.jsonl`.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.quality import kept, verdicts
from foryou.bench.record import RESULTS, Benchmark, Line, Report
from foryou.simulator import claims
from foryou.simulator.compare import compared, told_of
from foryou.simulator.plants import planted
from foryou.simulator.policies.known import Options, policy_of
from foryou.simulator.policies.policy import Policy
from foryou.simulator.run import Outcome, simulate
from foryou.simulator.world import Sizes, World, make

TWINS = ("followers", "likes", "finishes", "hooks")
PLANTED = (*TWINS, "not_interested", "alike")
UNEXPLORED = {"feed": {"exploration": 0.0, "probes": 0.0}}
"""Settings under which no place is given to trials or probes."""
SAMPLE, SAMPLE_SEED, SAMPLE_PAIRS = Sizes(200, 30, 500, 3), 12, 3
"""The small world that tells whether code still does what it did: with creators of every kind, those who bait, upload
what others made, and buy likes among them, with what is planted, and large enough that it shows."""


@dataclass(frozen=True, slots=True)
class Size:
    """The worlds, how many of them, who is compared, and the twins of each claim in each planted world."""

    viewers: int = 2_000
    creators: int = 300
    videos: int = 6_000
    days: int = 14
    seeds: int = 20
    policies: tuple[str, ...] = (
        "foryou", "popular", "epsilon-greedy", "item-knn", "ials", "linucb", "gorse-like", "recent", "random",
    )  # fmt: skip
    pairs: int = 10
    jobs: int = 2
    kept: str = str(RESULTS / "loop-runs.jsonl")
    """Where each run is written; empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run: a policy in a world with twins, or the engine `unexplored`."""

    kind: str
    seed: int
    size: Size


def measure(size: Size) -> Report:
    """Run what was not run yet, and judge the claims."""
    runs = [each["result"] | {"kind": each["kind"]} for each in kept.runs(size, _tasks(size), run, _does)]
    plain = [run for run in runs if run["kind"] in size.policies]
    told = compared(plain, "foryou")
    twins = [run for run in plain if "twins" in run]
    unexplored = [run for run in runs if run["kind"] == "unexplored"]
    slim = [{name: run[name] for name in ("policy", "seed", "measures", "swipes", "seconds")} for run in plain]
    return {**told, "claims": verdicts.verdicts(told, slim, twins, unexplored, size.days), "runs": slim}


def _tasks(size: Size) -> list[Task]:
    """Every run; those without exploration last, since one claim alone needs them."""
    seeds = range(1, size.seeds + 1)
    return [Task(kind, seed, size) for seed in seeds for kind in size.policies] + [
        Task("unexplored", seed, size) for seed in seeds
    ]


def _does(kind: str) -> Report:
    """A digest of who watched what, when, in a small world."""
    outcome = simulate(planted(make(SAMPLE, SAMPLE_SEED), PLANTED, SAMPLE_PAIRS), _policy(kind))
    digest = sha256()
    for name in ("at", "viewer", "video"):
        digest.update(outcome.exposures[name].tobytes())
    return {"kind": kind, "does": digest.hexdigest()[:16]}


def run(task: Task) -> Report:
    """Do one."""
    size = task.size
    world = make(Sizes(size.viewers, size.creators, size.videos, size.days), task.seed)
    world = planted(world, PLANTED, size.pairs)
    outcome = simulate(world, _policy(task.kind), ask=_asked)
    result = told_of(outcome)
    result.pop("curves")
    if task.kind == "foryou":
        result |= _shown(outcome)
    return {"kind": task.kind, "seed": task.seed, "result": result}


def _policy(kind: str) -> Policy:
    return policy_of("foryou", Options(settings=UNEXPLORED)) if kind == "unexplored" else policy_of(kind, Options())


def _shown(outcome: Outcome) -> Report:
    return {
        "twins": {claim: claims.reach(outcome, claim).sum(0).tolist() for claim in TWINS},
        "strangers": claims.reach(outcome, "followers", strangers=True).sum(0).tolist(),
        "pressed": _means(claims.pressed(outcome)),
        "overlap": claims.overlap(outcome.last).mean(0).tolist(),
    }


def _means(shares: claims.Floats) -> list[float]:
    """Of the groups of which both of a comparison are known: nothing after one, one, nothing after three, three."""
    known = ~np.isnan(shares.reshape(-1, 2, 2)).any(axis=2).repeat(2, axis=1)
    return [float(each[of].mean()) if of.any() else float("nan") for each, of in zip(shares.T, known.T, strict=True)]


def _asked(world: World) -> Any:
    return claims.asked(SimpleNamespace(world=world))  # type: ignore[arg-type]


def lines(report: Report) -> list[Line]:
    """A row for each claim."""
    return verdicts.lines(report["claims"])


TINY = Size(60, 20, 200, 4, seeds=2, policies=("foryou", "popular", "epsilon-greedy"), pairs=1, jobs=1, kept="")
BENCHMARK = Benchmark("the claims about the loop, in simulated worlds", Size(), TINY, measure, lines)
