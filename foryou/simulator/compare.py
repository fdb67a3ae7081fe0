"""Policies in the same worlds, seed by seed: means, paired differences and ratios, with 95 % intervals over seeds."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, TypeAlias, TypeVar

import numpy as np
from scipy.special import stdtrit

from foryou.core.errors import BackendError
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.curves import curves
from foryou.simulator.farms import for_sale
from foryou.simulator.measures import MEASURES, measured
from foryou.simulator.policies.known import Options, policy_of
from foryou.simulator.run import STEP_S, Outcome, simulate
from foryou.simulator.world import Sizes, make

CLAIM = 20
"""Worlds that a claim takes."""
LEVEL = 0.95
Report: TypeAlias = dict[str, Any]
T = TypeVar("T")
Interval: TypeAlias = Mapping[str, float | int | None]
EMPTY: Mapping[str, str] = {}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
SAME_EVERYWHERE = (
    {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}
    if platform.machine().lower() in {"x86_64", "amd64"}
    else EMPTY
)
"""What keeps NumPy and its BLAS to instructions that x86 processors of the last ten years have: wider ones round
otherwise, one exposure comes out otherwise, and after it the whole world does. Tried on an AMD EPYC and an Intel
Xeon."""


@dataclass(frozen=True)
class Job:
    """One policy in one world."""

    policy: str
    seed: int
    sizes: Sizes
    behaviour: Behaviour = field(default_factory=Behaviour)
    options: Options = field(default_factory=Options)
    step_s: int = STEP_S
    farms: int = 0
    """Accounts for sale (`farms.py`)."""
    label: str = ""
    """What the policy is called where it is not known by its name."""

    @property
    def name(self) -> str:
        """What the policy is called."""
        return self.label or self.policy


def done(job: Job) -> Report:
    """Run it, and tell what came of it."""
    world, policy = make(job.sizes, job.seed), policy_of(job.policy, job.options)
    if job.farms:
        world = for_sale(world, job.farms)
    return {**told_of(simulate(world, policy, job.behaviour, job.step_s)), "policy": job.name}


def told_of(outcome: Outcome) -> Report:
    """`policy`, `seed`, `measures`, `curves`, what the policy has to say, and how fast it was."""
    return {
        "policy": outcome.policy,
        "seed": outcome.world.seed,
        "measures": dict(measured(outcome)),
        "curves": dict(curves(outcome)),
        "told": {name: value for name, value in outcome.report.items() if isinstance(value, str | int | float)},
        "swipes": len(outcome.exposures),
        "seconds": round(outcome.seconds, 2),
    }


def all_done(jobs: Sequence[Job], processes: int = 1) -> Iterator[Report]:
    """The runs as they end, in processes of their own where there are several."""
    yield from in_processes(done, jobs, processes)


def in_processes(
    run: Callable[[T], Report], tasks: Sequence[T], processes: int, environment: Mapping[str, str] = EMPTY
) -> Iterator[Report]:
    """What `run` makes of each task, as it ends. Each process has one thread: they share the cores already.
    `environment` is set for them where it is not set yet; not where one process is asked for, which is this one.

    After one that fails none begins, and those that run end: what they made comes before the error is raised.
    """
    if processes == 1 or not tasks:
        yield from map(run, tasks)
        return
    for name, value in {**ONE_THREAD, **environment}.items():
        os.environ.setdefault(name, value)  # read where a process that is started imports NumPy
    with ProcessPoolExecutor(min(processes, len(tasks)), get_context("spawn")) as pool:
        futures = [pool.submit(run, task) for task in tasks]
        failed: BaseException | None = None
        for future in as_completed(futures):
            if future.cancelled():
                continue
            error = future.exception()
            if error is None:
                yield future.result()
            elif failed is None:
                failed = error
                for other in futures:
                    other.cancel()
        if isinstance(failed, BrokenExecutor):
            raise BackendError("a process was ended from outside; perhaps there was no memory left") from failed
        if failed is not None:
            raise failed


def compared(runs: Sequence[Report], policy: str) -> Report:
    """Of every policy and measure `mean, low, high` over seeds; and the policy against each other one, in pairs:
    `difference` and `ratio`. `best` names the best other policy by each measure that has a better end. Policies that
    have no run yet are not there."""
    names = list(dict.fromkeys(run["policy"] for run in runs))
    of = {name: {run["seed"]: run["measures"] for run in runs if run["policy"] == name} for name in names}
    others = [name for name in names if name != policy] if policy in names else []
    policies = {name: _each(lambda measure, name=name: _column(of[name], measure)) for name in names}  # type: ignore[misc]
    return {
        "policies": policies,
        "against": {other: _paired(of[policy], of[other]) for other in others},
        "best": {
            measure.name: best
            for measure in MEASURES
            if measure.better and (best := _best(policies, others, measure.name, measure.better))
        },
    }


def _each(values: Callable[[str], Sequence[float]]) -> dict[str, Interval]:
    return {measure.name: interval(values(measure.name)) for measure in MEASURES}


def _column(by_seed: Mapping[int, Mapping[str, float]], measure: str) -> list[float]:
    return [_value(by_seed[seed], measure) for seed in sorted(by_seed)]


def _value(measures: Mapping[str, float], name: str) -> float:
    """Not a number where a run that was kept is older than the measure."""
    return measures.get(name, float("nan"))


def _paired(one: Mapping[int, Mapping[str, float]], other: Mapping[int, Mapping[str, float]]) -> Report:
    seeds = sorted(set(one) & set(other))

    def pairs(measure: str) -> list[tuple[float, float]]:
        return [(_value(one[seed], measure), _value(other[seed], measure)) for seed in seeds]

    return {
        measure.name: {
            "difference": interval([a - b for a, b in pairs(measure.name) if np.isfinite(a) and np.isfinite(b)]),
            "ratio": ratio(pairs(measure.name)),
            "wins": sum((a - b) * (measure.better or 1) > 0 for a, b in pairs(measure.name)),
        }
        for measure in MEASURES
    }


def interval(values: Sequence[float]) -> Interval:
    """The mean and its 95 % interval, by Student's t over seeds; without one where there is one seed. What is not
    finite is left out, and `n` says of how many it is."""
    known = np.array([value for value in values if np.isfinite(value)])
    if len(known) == 0:
        return {"mean": None, "low": None, "high": None, "n": 0}
    mean = float(known.mean())
    if len(known) == 1:
        return {"mean": mean, "low": None, "high": None, "n": 1}
    wide = float(stdtrit(len(known) - 1, (1 + LEVEL) / 2) * known.std(ddof=1) / np.sqrt(len(known)))
    return {"mean": mean, "low": mean - wide, "high": mean + wide, "n": len(known)}


def ratio(pairs: Sequence[tuple[float, float]]) -> Interval:
    """The geometric mean of ratios, with an interval on the logarithms; of the pairs that have one."""
    logs = [float(np.log(a / b)) for a, b in pairs if a > 0 and b > 0 and np.isfinite(a) and np.isfinite(b)]
    found = interval(logs)
    return {name: value if name == "n" or value is None else float(np.exp(value)) for name, value in found.items()}


def _best(policies: Mapping[str, Mapping[str, Interval]], others: Sequence[str], measure: str, better: int) -> str:
    means = {name: policies[name][measure]["mean"] for name in others}
    known = {name: mean * better for name, mean in means.items() if mean is not None}
    return max(known, key=lambda name: known[name]) if known else ""
