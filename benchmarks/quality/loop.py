"""The claims about the loop, in made-up worlds with twins in them: each with an interval over seeds, and whether it
holds.

Every world that was run is written down at once, so a cut run goes on where it was, also on another machine:
`results/loop-runs.jsonl`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.quality import verdicts
from foryou.bench.record import RESULTS, Benchmark, Line, Report
from foryou.simulator import claims
from foryou.simulator.compare import SAME_EVERYWHERE, compared, in_processes, told_of
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
    runs = [run["result"] | {"kind": run["kind"]} for run in _runs(size)]
    plain = [run for run in runs if run["kind"] in size.policies]
    told = compared(plain, "foryou")
    twins = [run for run in plain if "twins" in run]
    unexplored = [run for run in runs if run["kind"] == "unexplored"]
    slim = [{name: run[name] for name in ("policy", "seed", "measures", "swipes", "seconds")} for run in plain]
    return {**told, "claims": verdicts.verdicts(told, slim, twins, unexplored, size.days), "runs": slim}


def _runs(size: Size) -> list[Report]:
    """Every run, those that were written down before among them."""
    kinds = (*size.policies, "unexplored")
    seeds = range(1, size.seeds + 1)
    todo = [Task(kind, seed, size) for seed in seeds for kind in size.policies]
    todo += [Task("unexplored", seed, size) for seed in seeds]  # last: one claim alone needs them
    marks = _marks(size, kinds)
    path = Path(size.kept)
    had = [run for run in _read(path) if run["mark"] == marks.get(run["kind"])] if size.kept else []
    there = {(run["kind"], run["seed"]) for run in had}
    runs = [run for run in had if run["seed"] <= size.seeds and run["kind"] in kinds]
    missing = [task for task in todo if (task.kind, task.seed) not in there]
    for done in in_processes(run, missing, size.jobs, SAME_EVERYWHERE):
        runs.append({**done, "mark": marks[done["kind"]]})
        print(f"{len(runs)} of {len(todo)}: {done['kind']}, seed {done['seed']}", file=sys.stderr)
        if size.kept:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(runs[-1]) + "\n")
    return sorted(runs, key=lambda run: (run["seed"], kinds.index(run["kind"])))


def _marks(size: Size, kinds: Sequence[str]) -> dict[str, str]:
    """Which runs of a kind may be put together: worlds of one size, and code that does the same in a small world to the
    last exposure. A change that serves the same feeds, only faster or to other pages, leaves what was run standing.
    Found where the runs would be, since it also says whether this machine computes as the one before did."""
    same = {name: value for name, value in asdict(size).items() if name not in ("seeds", "policies", "jobs", "kept")}
    found = in_processes(_does, kinds, size.jobs, SAME_EVERYWHERE)
    return {each["kind"]: json.dumps({**same, "does": each["does"]}) for each in found}


def _does(kind: str) -> Report:
    """A digest of who watched what, when, in a small world."""
    outcome = simulate(planted(make(SAMPLE, SAMPLE_SEED), PLANTED, SAMPLE_PAIRS), _policy(kind))
    digest = sha256()
    for name in ("at", "viewer", "video"):
        digest.update(outcome.exposures[name].tobytes())
    return {"kind": kind, "does": digest.hexdigest()[:16]}


def _read(path: Path) -> Iterator[Report]:
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:  # the last line of a run that was cut
            continue


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
