"""How a video finds those who care, in simulated worlds: what the loop is without what viewers do, whom a video comes
to first and after it was liked, and whether the chance to break out is what it says.

Every run is written down at once, to go on where it was cut: `results/spread-runs.jsonl`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
from scipy.special import stdtrit

from benchmarks.quality import kept, verdicts
from foryou.bench.record import RESULTS, Benchmark, Line, Report
from foryou.core.batch import Batch
from foryou.core.clock import DAY, HOUR
from foryou.feed.journey import BREAK_OUT
from foryou.simulator import claims
from foryou.simulator.drawing import COLOURS, SHARE, alone
from foryou.simulator.drawing import Line as Drawn
from foryou.simulator.drawing import lines as lines_of
from foryou.simulator.measures import measured
from foryou.simulator.plants import planted
from foryou.simulator.policies.engine import ForYou
from foryou.simulator.policies.policy import Numbers
from foryou.simulator.public import Public
from foryou.simulator.run import simulate
from foryou.simulator.stamp import STYLE
from foryou.simulator.world import Sizes, World, make

PLANTED = ("engaged", "likes")
ASKED_EVERY = 6 * HOUR
"""How often every new video is asked for its chance."""
KNOWN_AFTER = 3 * DAY
"""Before the end: whoever was asked then has broken out, or will hardly."""
BANDS = (0.0, 0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.7, 1.0)
"""Between which chances are put together. A fifth is in the middle of one."""
FIFTH = 3


@dataclass(frozen=True, slots=True)
class Size:
    """The worlds, how many of them, and the pairs of twins of each claim."""

    viewers: int = 400
    creators: int = 100
    videos: int = 1_600
    days: int = 9
    seeds: int = 20
    pairs: int = 20
    jobs: int = 2
    kept: str = str(RESULTS / "spread-runs.jsonl")
    """Where each run is written; empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run: with what viewers do (`heard`), or without (`deaf`)."""

    kind: str
    seed: int
    size: Size


class Asking(ForYou):
    """The engine, which is asked for the chance of every new video now and then: `told`, of each its number, when it
    was asked (ms), and the chance."""

    def start(self, public: Public) -> None:
        super().start(public)
        self.told: list[tuple[int, int, float]] = []
        self._asked_at = public.start

    def deliver(self, until: int) -> None:
        super().deliver(until)
        if until - self._asked_at >= ASKED_EVERY:
            self._asked_at = until
            for video in self.new:
                found: Any = self.engine.client.reach(self.wires.name(video))
                if found["stage"] < BREAK_OUT and found["chance"]["value"] is not None:
                    self.told.append((video, until, found["chance"]["value"]))


class Deaf(ForYou):
    """The engine, told who and what there is and which videos were shown, and nothing that anybody did with them."""

    def start(self, public: Public) -> None:
        nobody: Numbers = np.zeros(0, np.int32)
        super().start(replace(public, follows=(nobody, nobody)))

    def observe(self, rows: Batch) -> None:
        self._waiting += [wire for wire in self.wires.exposures(rows) if wire["kind"] == "impression"]


POLICIES: Mapping[str, Callable[[], ForYou]] = {"heard": Asking, "deaf": Deaf}
SAMPLE = Size(viewers=100, creators=30, videos=300, days=5, pairs=3)
"""The small world that tells whether code still does what it did: as long as it takes to judge a chance."""
SAMPLE_SEED = 12


def measure(size: Size) -> Report:
    """Run all worlds, with what viewers do and without."""
    tasks = [Task(kind, seed, size) for seed in range(1, size.seeds + 1) for kind in POLICIES]
    runs = kept.runs(size, tasks, run, _does)
    heard, deaf = ([each for each in runs if each["kind"] == kind] for kind in POLICIES)
    told = np.concatenate([np.array(each["chances"], np.float64).reshape(-1, 3) for each in heard])
    bands = reliability(told)
    return {"claims": _claims(heard, deaf, bands), "chance": bands, "runs": runs}


def run(task: Task) -> Report:
    """Do one."""
    size = task.size
    world = make(Sizes(size.viewers, size.creators, size.videos, size.days), task.seed)
    world = planted(world, PLANTED, size.pairs)
    policy = POLICIES[task.kind]()
    outcome = simulate(world, policy)
    found = {name: value for name, value in measured(outcome).items() if name in ("satisfaction", "match", "watch_s")}
    report: Report = {"kind": task.kind, "seed": task.seed, "measures": found, "seconds": round(outcome.seconds, 1)}
    if isinstance(policy, Asking):
        report |= {
            "caring": claims.caring(outcome).tolist(),
            "nearer": _means(claims.nearer(outcome)),
            "chances": _chances(policy.told, outcome.report["moves"], world, task.seed),
        }
    return report


def _does(kind: str) -> Report:
    """A digest of all that comes of a small world."""
    found = {name: value for name, value in run(Task(kind, SAMPLE_SEED, SAMPLE)).items() if name != "seconds"}
    return {"kind": kind, "does": sha256(json.dumps(found).encode()).hexdigest()[:16]}


def _means(rows: claims.Floats) -> list[float]:
    """Of the rows in which both are known."""
    known = rows[~np.isnan(rows).any(axis=1)]
    return known.mean(0).tolist() if len(known) else [float("nan")] * rows.shape[1]


def _chances(
    told: Sequence[tuple[int, int, float]], moves: Any, world: World, seed: int
) -> list[tuple[int, float, bool]]:
    """Of each answer that can be judged: the seed, the chance, and whether the video broke out after it."""
    last = world.start + world.sizes.days * DAY - KNOWN_AFTER
    return [
        (seed, chance, any(to >= BREAK_OUT and when > at for when, to in moves[video]))
        for video, at, chance in told
        if at <= last
    ]


def reliability(told: claims.Floats) -> list[Report]:
    """Of answers `[n, 3]` (seed, chance, whether it came): by bands of chance what was said, how often it came, and the
    standard error of that over seeds: answers about one video, or in one world, are not drawn apart."""
    band = np.clip(np.searchsorted(BANDS, told[:, 1], "right") - 1, 0, len(BANDS) - 2)
    found = []
    for number in range(len(BANDS) - 1):
        mine = told[band == number]
        by_seed = [mine[mine[:, 0] == seed] for seed in np.unique(mine[:, 0])]
        count = np.array([len(each) for each in by_seed], np.float64)
        came = np.array([each[:, 2].sum() for each in by_seed])
        share = float(came.sum() / count.sum()) if len(mine) else float("nan")
        # Of a ratio of sums over seeds (Cochran, 1977).
        error = float(np.sqrt(((came - share * count) ** 2).sum()) / count.sum()) if len(by_seed) > 1 else float("nan")
        said = float(mine[:, 1].mean()) if len(mine) else float("nan")
        low, high = BANDS[number : number + 2]
        told_of = {"from": low, "to": high, "answers": len(mine), "worlds": len(by_seed)}
        found.append(told_of | {"said": said, "came": share, "error": error})
    return found


def _interval(band: Report) -> tuple[float, float] | tuple[None, None]:
    """Of how often chances of a band came true, 95 %, by Student's t over worlds; none of one world."""
    if band["worlds"] < 2:
        return None, None
    wide = float(stdtrit(band["worlds"] - 1, 0.975)) * band["error"]
    return band["came"] - wide, band["came"] + wide


def _claims(heard: Sequence[Report], deaf: Sequence[Report], chance: Sequence[Report]) -> list[Report]:
    lost = [1 - b["measures"]["match"] / a["measures"]["match"] for a, b in zip(heard, deaf, strict=True)]
    fifth = chance[FIFTH]
    low, high = _interval(fifth)
    found = {"mean": fifth["came"] if fifth["answers"] else None, "low": low, "high": high, "n": fifth["answers"]}
    return [
        verdicts.least("true match lost without anything that viewers do", lost, 0.25),
        verdicts.times(
            f"share of the first {claims.FIRST} viewers who care, where the author engages with the topic",
            [(each["caring"][1], each["caring"][0]) for each in heard],
            1.5,
            built=True,
        ),
        verdicts.times(
            "how alike those who come after a like are to those who liked, against everybody",
            [(each["nearer"][0], each["nearer"][1]) for each in heard],
            1.0,
        ),
        verdicts.claim(
            f"chance told as {BANDS[FIFTH]:g} to {BANDS[FIFTH + 1]:g}, asked every 6 h: share that broke out after it",
            found,
            f"{BANDS[FIFTH]:g} to {BANDS[FIFTH + 1]:g}",
            lambda share: BANDS[FIFTH] <= share <= BANDS[FIFTH + 1],
        ),
    ]


def lines(report: Report) -> list[Line]:
    """A row for each claim, and one for the chances by band."""
    bands = ", ".join(f"{each['said']:.2f}: {each['came']:.2f}" for each in report["chance"] if each["answers"])
    return [
        *verdicts.lines(report["claims"]),
        Line("simulated: chance to break out as told, and how often it came", bands),
    ]


def pictures(report: Report) -> dict[str, str]:
    """How often told chances come true."""
    known = [each for each in report["chance"] if each["answers"]]
    said, came = [each["said"] for each in known], [each["came"] for each in known]
    low, high = zip(*(_interval(each) for each in known), strict=True)
    drawn = [Drawn(COLOURS[0], came, low, high, strong=True), Drawn(COLOURS[-1], said, dashed=True)]
    title = "Chance to break out: how often it came true"
    return {
        "chances.svg": alone(lines_of(title, said, drawn, "as told (dashed: as it should)", "share", can=SHARE), STYLE)
    }


TINY = Size(40, 10, 80, 5, seeds=1, pairs=1, jobs=1, kept="")
BENCHMARK = Benchmark("how a video finds those who care, in simulated worlds", Size(), TINY, measure, lines, pictures)
