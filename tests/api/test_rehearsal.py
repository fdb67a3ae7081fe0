"""The rehearsal goes through everything, is noted, and is done again when anything changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from foryou.api import rehearsal


def test_a_rehearsal_takes_every_step_once_on_a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "cache" / "rehearsed.nbi"
    monkeypatch.setattr(rehearsal, "_note", lambda: note)
    heard: list[tuple[int, int]] = []
    rehearsal.once(lambda done, of: heard.append((done, of)))
    steps = heard[-1][1]
    assert heard == [(done, steps) for done in range(steps + 1)]
    assert note.exists()
    rehearsal.once(lambda done, of: heard.append((done, of)))
    assert len(heard) == steps + 1


def test_the_note_lies_with_what_was_compiled_and_goes_with_it() -> None:
    note = rehearsal._note()
    assert note == rehearsal._note()
    assert note.suffix == ".nbi"
    assert note.parent.name == "__pycache__" or note.parent.exists()
