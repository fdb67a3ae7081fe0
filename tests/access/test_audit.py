"""The audit log only grows, and shows where somebody changed it all the same."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from foryou.access import audit
from foryou.access.audit import Noted
from foryou.access.kept import FILE, Kept
from foryou.core.errors import BackendError

LINE = Noted(1_700_000_000_000, "ops", "192.0.2.1", "GET /v1/audit", "", "200")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    opened = Kept(tmp_path, look_s=0)
    for n in range(5):
        with opened.writing() as connection:
            audit.note(connection, replace(LINE, at=LINE.at + n))
    yield opened
    opened.close()


def test_lines_come_back_in_order(kept: Kept) -> None:
    assert [line.at - LINE.at for line in audit.lines(kept)] == [0, 1, 2, 3, 4]
    assert [line.at - LINE.at for line in audit.lines(kept, 2)] == [3, 4]
    assert audit.broken(kept) is None


@pytest.mark.parametrize("change", ["UPDATE audit SET who = 'nobody' WHERE number = 3", "DELETE FROM audit"])
def test_lines_are_neither_changed_nor_removed(kept: Kept, change: str) -> None:
    with pytest.raises(BackendError, match="audit only grows"), kept.writing() as connection:
        connection.execute(change)
    assert len(audit.lines(kept)) == 5


@pytest.mark.parametrize(
    "change", ["UPDATE audit SET who = 'nobody' WHERE number = 3", "DELETE FROM audit WHERE number = 3"]
)
def test_who_forces_a_change_is_found_out(kept: Kept, tmp_path: Path, change: str) -> None:
    forced = sqlite3.connect(tmp_path / FILE)
    with forced:
        for trigger in ("audit_stays", "audit_keeps"):
            forced.execute(f"DROP TRIGGER {trigger}")
        forced.execute(change)
    forced.close()
    assert audit.broken(kept) == 3


def test_processes_that_note_at_once_make_one_chain(kept: Kept, tmp_path: Path) -> None:
    def write() -> None:
        other = Kept(tmp_path)
        for _ in range(10):
            with other.writing() as connection:
                audit.note(connection, LINE)
        other.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(audit.lines(kept)) == 45
    assert audit.broken(kept) is None


def test_a_viewer_is_named_by_a_hash_that_another_deployment_cannot_make(kept: Kept, tmp_path: Path) -> None:
    other = Kept(tmp_path / "other")
    assert audit.subject_of(kept, "ada") == audit.subject_of(kept, "ada") != audit.subject_of(other, "ada")
