"""Batches from one process to the log of another, each exactly once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from foryou.backends import spool
from foryou.backends.log import SqliteLog
from foryou.backends.memory import MemoryLog
from foryou.backends.spool import Spool, Spooled
from foryou.core.batch import Batch
from foryou.core.errors import BackendError

PUTTER = """
import sys
from pathlib import Path
import numpy as np
from foryou.backends.spool import Spool
from foryou.core.batch import Batch
spool = Spool(Path(sys.argv[1]), "putter")
for number in range(10**9):
    spool.put(Batch({"n": np.array([number])}))
    print(number, flush=True)
"""


def one(number: int) -> Batch:
    return Batch({"n": np.array([number])})


def drain(spooled: Spooled, log: MemoryLog | SqliteLog) -> list[int]:
    taken = []
    for rows, mark in spooled.take():
        log.append("served", rows, mark)
        taken.append(int(rows["n"][0]))
    return taken


def test_what_is_put_is_taken_once_in_order(tmp_path: Path) -> None:
    log = MemoryLog()
    putting, spooled = Spool(tmp_path, "a"), Spooled(tmp_path, log)
    for number in range(3):
        putting.put(one(number))
    assert drain(spooled, log) == [0, 1, 2]
    putting.put(one(3))
    assert drain(spooled, log) == [3]
    assert drain(spooled, log) == []


def test_a_reader_that_starts_again_goes_on_where_the_log_ends(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    putting = Spool(tmp_path / "spool", "a")
    for number in range(4):
        putting.put(one(number))
    spooled = Spooled(tmp_path / "spool", log)
    for rows, mark in spooled.take():
        log.append("served", rows, mark)
        if rows["n"][0] == 1:
            log.sync()  # what comes after is lost with the process
    again = SqliteLog(tmp_path / "log.sqlite")
    assert drain(Spooled(tmp_path / "spool", again), again) == [2, 3]
    assert [int(record.rows["n"][0]) for record in again.read()] == [0, 1, 2, 3]


def test_a_file_that_ended_goes_and_its_mark_too(tmp_path: Path) -> None:
    log = MemoryLog()
    putting, spooled = Spool(tmp_path, "a"), Spooled(tmp_path, log)
    putting.put(one(0))
    drain(spooled, log)
    assert not spooled.done
    putting.close()
    drain(spooled, log)
    assert spooled.done
    spooled.forget()
    assert list(tmp_path.iterdir()) == []
    assert log.marks() == {}


def test_a_process_that_was_killed_while_it_put_loses_nothing_that_it_said(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PUTTER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as putter:
        assert putter.stdout is not None
        said = [int(putter.stdout.readline()) for _ in range(50)]
        os.kill(putter.pid, signal.SIGKILL)
        said += [int(line) for line in putter.stdout.read().split()]
    log = MemoryLog()
    spooled = Spooled(tmp_path, log)
    taken = drain(spooled, log)
    assert taken[: len(said)] == said
    assert spooled.done


def test_when_too_much_waits_nothing_more_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "FILE_BYTES", 200)
    putting = Spool(tmp_path, "a")
    put = 0
    with pytest.raises(BackendError, match="files wait"):
        for put in range(10_000):
            putting.put(one(put))
    log = MemoryLog()
    spooled = Spooled(tmp_path, log)
    assert drain(spooled, log) == list(range(put))
    spooled.forget()
    putting.put(one(put))
    assert drain(spooled, log) == [put]
