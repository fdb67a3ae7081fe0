"""Files that were damaged: the server starts, says what is damaged, and serves the rest."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foryou.backends.log import SqliteLog
from foryou.core.batch import Batch
from foryou.keeping.verify import verify
from tests.durability.server import Server


def filled(path: Path, batches: int = 60) -> SqliteLog:
    """A log of batches that say who they are, each with noise that fills about a page and a half."""
    log, rng = SqliteLog(path), np.random.default_rng(0)
    for number in range(1, batches + 1):
        noise = rng.integers(0, 2**62, (1, 800))
        log.append("events", Batch({"number": np.array([number]), "id": np.array([number]), "noise": noise}))
        log.sync()
    return log


def numbers(log: SqliteLog) -> list[int]:
    return [int(record.rows["number"][0]) for record in log.read()]


def killed(tmp_path: Path) -> Path:
    """The files as a process that was killed leaves them: everything is in the write-ahead log."""
    log = filled(tmp_path / "live.sqlite")
    for end in ("", "-wal"):
        shutil.copyfile(tmp_path / f"live.sqlite{end}", tmp_path / f"log.sqlite{end}")
    log.close()
    return tmp_path / "log.sqlite"


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0x10
    path.write_bytes(raw)


def test_a_byte_that_flips_in_the_write_ahead_log_hides_no_later_commit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = killed(tmp_path)
    wal = tmp_path / "log.sqlite-wal"
    flip(wal, 32 + 40 * (24 + 4096) + 24 + 2000)
    damaged = wal.read_bytes()
    log = SqliteLog(path)
    there = numbers(log)
    assert log.end == 60
    assert len(there) >= 58
    assert set(range(1, 61)) - set(there) == {each.first for each in log.damaged}
    assert "log.sqlite-wal is damaged in 1 of its pages" in caplog.text
    assert (tmp_path / "log.sqlite-wal.damaged-1").read_bytes() == damaged
    log.append("events", Batch({"number": np.array([61])}))
    log.close()


def test_a_last_commit_that_was_torn_is_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = killed(tmp_path)
    wal = tmp_path / "log.sqlite-wal"
    wal.write_bytes(wal.read_bytes()[:-5000])
    log = SqliteLog(path)
    assert numbers(log) == list(range(1, 60))
    assert "was cut off" in caplog.text
    assert log.append("events", Batch({"number": np.array([60])})) == 60
    log.close()


def pages(path: Path) -> dict[str, list[int]]:
    """The pages of the log's tree by kind: interior ones, leaves, and the rest (payloads)."""
    raw = path.read_bytes()
    found: dict[str, list[int]] = {"interior": [], "leaf": [], "other": []}
    for page in range(1, len(raw) // 4096):
        kind = {5: "interior", 13: "leaf"}.get(raw[page * 4096], "other")
        found[kind].append(page)
    return found


@pytest.mark.parametrize("place", range(24))
def test_a_byte_that_flips_anywhere_in_the_file_is_found_and_the_rest_can_be_read(place: int, tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    filled(path).close()
    size = path.stat().st_size
    flip(path, 8192 + int((size - 8192) * (place + 0.37) / 24))
    log = SqliteLog(path)
    there = numbers(log)
    lost = {n for each in log.damaged for n in range(each.first, each.last + 1)}
    assert set(there) | lost >= set(range(1, 61)) or verify(tmp_path)["problems"]
    assert len(there) >= 50
    log.append("events", Batch({"number": np.array([61])}))
    log.close()


@pytest.mark.parametrize("kind", ["leaf", "interior"])
def test_a_page_of_the_tree_that_is_gone_takes_only_its_own_batches_along(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    log = SqliteLog(path)
    for number in range(1, 1500):
        log.append("events", Batch({"number": np.array([number]), "id": np.array([number])}))
    log.close()
    raw = bytearray(path.read_bytes())
    tree = pages(path)[kind]
    page = tree[len(tree) // 2] if kind == "leaf" else tree[0]
    raw[page * 4096 : page * 4096 + 12] = b"\xff" * 12
    path.write_bytes(raw)
    log = SqliteLog(path)
    there = numbers(log)
    if kind == "leaf":
        assert len(there) > 1400
        gaps = [each for each in log.damaged if each.problem]
        assert sum(each.last - each.first + 1 for each in gaps) == 1499 - len(there)
    assert log.append("events", Batch({"number": np.array([1500])})) > max(there, default=0)
    log.sync()
    log.close()


def test_what_is_damaged_is_put_aside_when_told(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    filled(path).close()
    connection = sqlite3.connect(path)
    connection.execute('UPDATE log SET payload = substr(payload, 1, 40) WHERE "offset" = 7')
    connection.commit()
    connection.close()
    (tmp_path / "documents.sqlite").touch()
    report: Any = verify(tmp_path)
    assert not report["sound"]
    assert [each["offsets"] for each in report["damaged"]] == [[7, 7]]
    assert verify(tmp_path, repair=True)["quarantined"] == 1
    assert verify(tmp_path)["sound"]
    aside = sqlite3.connect(tmp_path / "quarantine.sqlite")
    assert [row[0] for row in aside.execute('SELECT "offset" FROM damaged')] == [7]
    aside.close()


def ready(server: Server) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/health/ready") as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def _watches(number: int) -> list[dict[str, object]]:
    return [
        {"id": f"w{number}-{n}", "kind": "watch", "viewer": "ada", "video": f"v{n}", "seconds": 5.0} for n in range(20)
    ]


def _payload(data: Path) -> None:
    connection = sqlite3.connect(data / "log.sqlite")
    connection.execute("UPDATE log SET payload = zeroblob(60) WHERE \"offset\" = 3 AND stream = 'events'")
    connection.commit()
    connection.close()


def _save(data: Path) -> None:
    (newest,) = sorted((data / "tables").glob("save-*"))[-1:]
    flip(max(newest.glob("*.columns"), key=lambda path: path.stat().st_size), 100)


def _half_a_save(data: Path) -> None:
    (newest,) = sorted((data / "tables").glob("save-*"))[-1:]
    (newest / "manifest").unlink()


def _state(data: Path) -> None:
    for path in (data / "learner").glob("*.npz"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.slow
@pytest.mark.parametrize("damage", [_payload, _save, _half_a_save, _state], ids=lambda each: each.__name__.strip("_"))
def test_the_server_starts_with_damaged_files_and_says_so(damage: Callable[[Path], None], server: Server) -> None:
    client = server.start()
    client.events(
        [{"id": f"d{n}", "kind": "video", "video": f"v{n}", "author": "a", "duration": 9.0} for n in range(20)]
    )
    for number in range(3):
        client.events(_watches(number))
    server.end(signal.SIGTERM)
    damage(server.data)
    client = server.start()
    told = ready(server)
    assert len(client.feed("bob", n=5).items) == 5
    assert client.events(_watches(9)).accepted == 20
    said = "cannot load the tables" if damage is _half_a_save else "damaged"
    assert damage is _payload or said in server.said.read_text("utf-8")
    if damage is not _payload:
        assert told["events"] == 80
        assert told["damaged_batches"] == 0
        return
    until = time.monotonic() + 30
    while not (told := ready(server))["damaged_batches"] and time.monotonic() < until:
        time.sleep(0.05)  # the log is looked through in the background
    assert (told["damaged_batches"], told["damaged_rows"]) == (1, 20)
    (one,) = told["damaged"]
    assert (one["offsets"], one["stream"]) == ([3, 3], "events")
    assert one["after"] <= one["before"]
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        assert b"foryou_engine_damaged_batches 1.0" in answer.read()
