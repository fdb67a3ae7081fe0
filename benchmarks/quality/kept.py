"""Long runs, written down one by one as they end: what was cut goes on where it was, also on another machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeVar

from foryou.bench.record import Report
from foryou.simulator.compare import SAME_EVERYWHERE, in_processes


class Size(Protocol):
    """How large the worlds are, and how they are run. A dataclass."""

    @property
    def jobs(self) -> int: ...

    @property
    def kept(self) -> str:
        """The file in which each run is written; empty: nowhere."""
        ...


class Task(Protocol):
    """One run."""

    @property
    def kind(self) -> str: ...

    @property
    def seed(self) -> int: ...


T = TypeVar("T", bound=Task)
HOW = ("seeds", "policies", "jobs", "kept")
"""What of a size says only how many runs there are and how they are done."""


def runs(size: Size, tasks: Sequence[T], run: Callable[[T], Report], does: Callable[[str], Report]) -> list[Report]:
    """What `run` makes of each task (`kind`, `seed` and what came of it), in their order: those that were written down
    before are not run again while `does` says of their kind what it said then."""
    if not size.kept:
        found = list(in_processes(run, tasks, size.jobs, SAME_EVERYWHERE))
    else:
        found = list(_kept(size, tasks, run, marks(size, [task.kind for task in tasks], does)))
    of = {(each["kind"], each["seed"]): each for each in found}
    return [of[task.kind, task.seed] for task in tasks]


def _kept(size: Size, tasks: Sequence[T], run: Callable[[T], Report], marks: Mapping[str, str]) -> Iterator[Report]:
    path = Path(size.kept)
    had = {(each["kind"], each["seed"]): each for each in read(path) if each["mark"] == marks.get(each["kind"])}
    yield from had.values()
    missing = [task for task in tasks if (task.kind, task.seed) not in had]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and not path.read_bytes().endswith(b"\n"):  # a run that was cut: the next begins its own line
        with path.open("a") as file:
            file.write("\n")
    for number, done in enumerate(in_processes(run, missing, size.jobs, SAME_EVERYWHERE), 1):
        marked = {**done, "mark": marks[done["kind"]]}
        there = len(tasks) - len(missing) + number
        print(f"{there} of {len(tasks)}: {done['kind']}, seed {done['seed']}", file=sys.stderr)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(marked) + "\n")
        yield marked


def marks(size: Size, kinds: Sequence[str], does: Callable[[str], Report]) -> dict[str, str]:
    """Which runs of a kind may be put together: worlds of one size, and code that does the same in a small world. A
    change that serves the same feeds, only faster or to other pages, leaves what was run standing.

    `does` tells it: `kind`, and `does`, a digest. It is asked where the runs would be, since it also says whether this
    machine computes as the one before did.
    """
    same = {name: value for name, value in asdict(size).items() if name not in HOW}  # type: ignore[call-overload]
    found = in_processes(does, list(dict.fromkeys(kinds)), size.jobs, SAME_EVERYWHERE)
    return {each["kind"]: json.dumps({**same, "does": each["does"]}) for each in found}


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The runs of a file."""
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:  # the last line of a run that was cut
            continue
