"""What the log on disk survives: being killed, a full disk, damage."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from foryou.backends.log import SqliteLog
from foryou.core.batch import Batch
from foryou.core.errors import BackendError

WRITER = """
import sys
from pathlib import Path
import numpy as np
from foryou.backends.log import SqliteLog
from foryou.core.batch import Batch

log = SqliteLog(Path(sys.argv[1]))
for number in range(1_000_000):
    for part in range(3):
        item = np.arange(200) * 7_919 + number
        offset = log.append("events", Batch({"item": item, "part": np.full(200, part)}))
    log.sync()
    print(offset, flush=True)
"""

FILLER = """
import resource, sys
from pathlib import Path
import numpy as np
from foryou.backends.log import SqliteLog
from foryou.core.batch import Batch
from foryou.core.errors import BackendError

log, rng = SqliteLog(Path(sys.argv[1])), np.random.default_rng(0)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, most))
failed = 0
for number in range(60):
    offset = log.append("events", Batch({"number": np.array([number]), "noise": rng.integers(0, 2**62, (1, 4_000))}))
    try:
        log.sync()
        assert not failed
    except BackendError as problem:
        failed += 1
        reason = str(problem)
    assert [r.rows["number"][0] for r in log.read()] == list(range(number + 1))
assert failed > 10, failed
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
log.sync()
print(reason)
"""


def numbers(*values: int) -> Batch:
    return Batch({"number": np.array(values, np.int64)})


def test_everything_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    for least in (0, 15):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            acknowledged = [int(writer.stdout.readline()) for _ in range(12)]
            os.kill(writer.pid, signal.SIGKILL)
            acknowledged += [int(line) for line in writer.stdout.read().splitlines() if line]
        assert acknowledged[0] > least
        log = SqliteLog(path)
        assert [r.offset for r in log.read()] == list(range(1, log.end + 1))
        assert log.end >= acknowledged[-1]
        records = log.read(0, ("events",))
        assert all(len(r.rows) == 200 and (np.diff(r.rows["item"]) == 7_919).all() for r in records)
        assert log.append("restarts", numbers(1)) > acknowledged[-1]
        log.close()


def test_a_full_disk_refuses_clearly_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    done = subprocess.run([sys.executable, "-c", FILLER, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"cannot write to log {path}: ")
    log = SqliteLog(path)
    assert [int(r.rows["number"][0]) for r in log.read()] == list(range(60))
    log.close()


def test_what_is_held_outlives_the_process_without_a_sync(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    log = SqliteLog(path)
    log.append("events", numbers(1))
    log.sync()
    for number in (2, 3):
        log.append("served", numbers(number))
        log.hold()
    log.append("served", numbers(4))
    left = tmp_path / "left"
    left.mkdir()
    for each in tmp_path.glob("log*"):
        (left / each.name).write_bytes(each.read_bytes())
    log.close()
    for torn in (0, 5):
        waiting = left / "log.waiting"
        os.truncate(waiting, waiting.stat().st_size - torn)
        log = SqliteLog(left / "log.sqlite", recover=False)
        assert log.end == 1
        log.close()
    log = SqliteLog(left / "log.sqlite")
    assert [int(r.rows["number"][0]) for r in log.read()] == [1, 2]
    assert (left / "log.waiting").stat().st_size == 0
    log.close()


def test_what_was_withdrawn_is_never_seen_again(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    kept, gone = log.append("served", numbers(1)), log.append("events", numbers(2))
    log.hold()
    assert log.withdraw([gone]) == set()
    assert [r.offset for r in log.read()] == [kept]
    log._reader.close()
    log._writer.close()  # as if it had been killed
    log = SqliteLog(tmp_path / "log.sqlite")
    assert [r.offset for r in log.read()] == [kept]
    log.close()


def test_what_was_not_synced_is_synced_by_closing(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.append("events", numbers(1))
    log.close()
    log.close()
    log = SqliteLog(tmp_path / "log.sqlite")
    assert log.end == 1
    assert log.append("events", numbers(2)) == 2
    log.close()


def test_a_closed_log_says_so(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.close()
    for use in (lambda: log.append("events", numbers(1)), log.sync, lambda: list(log.read())):
        with pytest.raises(BackendError, match="is closed"):
            use()


def test_a_damaged_batch_is_left_out_and_named_by_its_offset(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "log.sqlite"
    log = SqliteLog(path)
    log.append("events", numbers(1))
    log.append("events", numbers(2))
    log.append("events", numbers(3))
    log.close()
    connection = sqlite3.connect(path)
    connection.execute('UPDATE log SET payload = substr(payload, 1, 40) WHERE "offset" = 2')
    connection.commit()
    connection.close()
    log = SqliteLog(path)
    assert [record.offset for record in log.read()] == [1, 3]
    assert [(each.first, each.last, each.stream, each.rows) for each in log.damaged] == [(2, 2, "events", 1)]
    assert "damaged at offset 2 (stream events, 1 rows)" in caplog.text
    log.close()


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_text("not a database, and longer than a header of a hundred bytes would be" * 20)
    with pytest.raises(BackendError, match=r"cannot open log .*not a database"):
        SqliteLog(path)


def test_a_long_import_does_not_gather_in_memory(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    noise = np.random.default_rng(0).integers(0, 2**62, 1_000_000)
    for _ in range(4):
        log.append("events", Batch({"noise": noise}))
    assert log._waiting_bytes <= 16 << 20
    assert [r.offset for r in log.read()] == [1, 2, 3, 4]
    log.close()
