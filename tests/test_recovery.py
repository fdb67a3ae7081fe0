"""When to save, and that a save is of one moment however much goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from foryou.app import Engine
from foryou.client import in_process
from foryou.core.errors import BackendError
from foryou.recovery import KILLED_EVERY_S, REDO_S
from foryou.settings import DataSettings, Settings


def opened(where: Path) -> Engine:
    return Engine.open(Settings(data=DataSettings(url=f"file:{where}")))


def watched(engine: Engine, number: int) -> None:
    client = in_process(engine)
    seen = {"viewer": f"ada-{number % 7}", "video": f"loaf-{number % 11}"}
    client.events([{"kind": "watch", "id": f"w{number}", "seconds": 5.0, **seen}])


def test_it_is_saved_when_a_restart_would_take_long_and_a_save_is_worth_it(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    recovery = engine.recovery
    recovery.folding.seconds = 0.9 * REDO_S
    assert not recovery.due
    engine.succession.spent.seconds = 0.2 * REDO_S
    assert recovery.due
    recovery.took_s = 1e6
    assert not recovery.due
    recovery.folding.seconds = 1e6 * 2 * KILLED_EVERY_S * 1e6
    assert recovery.due
    recovery.save_in_time()
    assert recovery.redo_s == 0
    engine.close()


def test_what_a_save_that_failed_did_not_keep_has_to_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(tmp_path)
    watched(engine, 1)
    engine.save()
    good = engine.recovery.saved
    for number in range(2, 5):
        watched(engine, number)
        spent = engine.recovery.redo_s
        with monkeypatch.context() as broken:
            broken.setattr("foryou.backends.saves.Saves.write", _full)
            with pytest.raises(BackendError, match="no room"):
                engine.save()
        assert engine.recovery.redo_s == pytest.approx(spent)
    assert engine.recovery.saved == good
    assert engine.backend.states.read(good) is not None
    engine.close()


def _full(*arguments: object) -> None:
    raise BackendError("no room")


def test_saves_made_while_events_come_are_each_what_the_log_says_at_their_offset(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    stop = threading.Event()

    def send() -> None:
        for number in range(10_000):
            if stop.is_set():
                return
            watched(engine, number)

    sending = threading.Thread(target=send)
    sending.start()
    offsets = [engine.save() for _ in range(5)]
    stop.set()
    sending.join()
    last, events = engine.save(), engine.status()["events"]
    assert [*offsets, last] == sorted([*offsets, last])
    store = engine.backend.store
    live = {name: store.scan(name) for name in ("history", "count_video", "viewer")}
    engine._closed = True  # as if it was killed
    engine.backend.close()
    saved = sorted((tmp_path / "tables").glob("save-*"))
    (saved[-1] / "manifest").write_bytes(b"")  # the one before it, made under load, has to do, and the log after it
    again = opened(tmp_path)
    assert again.recovery.saved == offsets[-1]
    assert again.status()["events"] == events
    for name, (keys, rows) in live.items():
        there = again.backend.store.read(name, keys)
        for column in rows:
            assert np.array_equal(there[column], rows[column], equal_nan=rows[column].dtype.kind == "f"), (name, column)
    again.close()


def test_closing_after_a_save_after_which_nothing_came_saves_nothing_more(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    watched(engine, 1)
    engine.save()
    engine.close()
    assert len(list((tmp_path / "tables").glob("save-*"))) == 1
