"""Backups of a directory in use, what a restore brings back, and what verifying finds."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foryou import cli
from foryou.app import Engine
from foryou.client import in_process
from foryou.core.clock import DAY, HOUR, ManualClock
from foryou.core.errors import BackendError
from foryou.erasing import asked
from foryou.features.reach_settings import ReachSettings
from foryou.keeping.backup import Backup, backup, backups, remembered
from foryou.keeping.restore import newest, refresh, restore
from foryou.keeping.verify import verify
from foryou.retention import RetentionSettings
from foryou.settings import DataSettings, Settings
from tests.loop.conftest import START, World
from tests.test_app import LEARNING, evening, morning, opened
from tests.test_erasing import WHO, found, lived

SETTINGS = Settings(data=DataSettings(url="memory:"), learning=LEARNING)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An engine that stays open while it is backed up."""
    made = lived(tmp_path / "data")
    yield made
    made.engine.close()


def test_a_backup_of_a_directory_in_use_restores_to_the_same_feeds(world: World, tmp_path: Path) -> None:
    made = backup(tmp_path / "data", tmp_path / "kept")
    told, slate = world.client.viewer(WHO), world.feed("bob", 10)
    assert restore(made, tmp_path / "back", SETTINGS) == 0
    assert verify(tmp_path / "back")["problems"] == []
    again = opened(tmp_path / "back")
    again.clock.at = world.clock.at
    assert again.client.viewer(WHO) == told
    assert again.feed("bob", 10) == slate
    again.engine.close()


def test_only_the_newest_backups_are_kept_and_what_did_not_change_is_kept_once(world: World, tmp_path: Path) -> None:
    into = tmp_path / "kept"
    made = [backup(tmp_path / "data", into, keep=2) for _ in range(3)]
    assert [each.path for each in backups(into)] == [each.path for each in made[1:]]
    one, two = ((each.path / "tables").rglob("*.columns") for each in made[1:])
    assert {os.stat(path).st_ino for path in one} == {os.stat(path).st_ino for path in two}
    made[-1].check()
    victim = next((made[-1].path / "tables").rglob("0.columns"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    with pytest.raises(BackendError, match=r"0.columns is missing or damaged"):
        made[-1].check()


def test_a_restore_replaces_nothing_unless_it_is_forced_and_never_what_is_in_use(world: World, tmp_path: Path) -> None:
    made = backup(tmp_path / "data", tmp_path / "kept")
    with pytest.raises(BackendError, match="in use by process"):
        restore(made, tmp_path / "data", SETTINGS, force=True)
    world.engine.close()
    with pytest.raises(BackendError, match="--force to replace it"):
        restore(made, tmp_path / "data", SETTINGS)
    restore(newest(tmp_path / "kept"), tmp_path / "data", SETTINGS, force=True)
    assert verify(tmp_path / "data")["sound"]


def test_whoever_is_erased_is_erased_in_older_backups_at_the_next_and_never_restored(
    world: World, tmp_path: Path
) -> None:
    into = tmp_path / "kept"
    old = backup(tmp_path / "data", into)
    assert found(old.path)
    world.client.erase(WHO)
    elsewhere = tmp_path / "copy" / old.path.name
    elsewhere.parent.mkdir()
    new = backup(tmp_path / "data", into)
    os.system(f"cp -r {old.path} {elsewhere}")  # a copy that no cycle reaches
    assert found(new.path) == []
    assert refresh(into, SETTINGS) == 1
    assert refresh(into, SETTINGS) == 0
    assert found(old.path) == []
    old.check()
    assert len(remembered(into)) == 1
    world.engine.close()
    assert restore(Backup(elsewhere), tmp_path / "data", SETTINGS, force=True) == 1
    assert found(tmp_path / "data") == []
    again = opened(tmp_path / "data")
    assert len(asked(again.engine.backend.log)) == 1
    assert again.client.viewer("bob")["signals_this_week"] != 0
    again.engine.close()


def test_verifying_finds_a_table_that_is_not_what_the_log_says(world: World, tmp_path: Path) -> None:
    store = world.engine.backend.store
    keys, rows = store.scan("session", ("count",))
    world.engine.close()
    assert verify(tmp_path / "data")["problems"] == []
    again = opened(tmp_path / "data")
    changed = rows.columns["count"] + 1
    again.engine.backend.store.write("session", keys.copy(), rows.extend({"count": changed.astype(np.int32)}))
    again.engine.save()
    again.engine.close()
    report: Any = verify(tmp_path / "data")
    assert report["problems"] == ["table column session.count is not what the log says"]


def test_verifying_makes_the_tables_under_the_settings_that_they_were_made_under(tmp_path: Path) -> None:
    spread = ReachSettings(audiences=(2, 3, 4, 5))
    settings = Settings(data=DataSettings(url=f"file:{tmp_path / 'data'}"), learning=LEARNING, reach=spread)
    clock = ManualClock(START)
    engine = Engine.open(settings, clock)
    world = World(engine, clock, in_process(engine))
    morning(world)
    morning(world, 20)
    engine.close()
    assert verify(tmp_path / "data", rules=(settings.trust, spread))["problems"] == []
    report: Any = verify(tmp_path / "data")
    assert any("reach." in problem for problem in report["problems"])


def test_verifying_finds_events_that_are_in_the_log_twice(world: World, tmp_path: Path) -> None:
    log = world.engine.backend.log
    log.append("events", next(iter(log.read(0, ("events",)))).rows)
    world.engine.close()
    report: Any = verify(tmp_path / "data")
    assert any("in the log twice" in problem for problem in report["problems"])


def test_events_leave_the_log_when_their_days_are_over_and_tables_keep_what_they_made(tmp_path: Path) -> None:
    world = opened(tmp_path / "data")
    settings = RetentionSettings({"watch": 10, "impression": 5})
    object.__setattr__(world.engine._retention, "settings", settings)
    for number in range(100, 180):
        world.upload(f"v{number}", f"t{number % 4}")
    morning(world)
    world.clock.forward(7 * DAY)
    evening(world, "later")
    world.engine.tidy()

    def kinds() -> dict[str, int]:
        rows = [json.loads(json.dumps(row)) for row in map(_decoded, world.engine.export())]
        return {kind: sum(row["kind"] == kind for row in rows) for kind in ("video", "watch", "impression", "like")}

    assert kinds() == {"video": 100, "watch": 60, "impression": 30, "like": 6}
    world.clock.forward(4 * DAY)
    world.engine.tidy()
    assert kinds() == {"video": 100, "watch": 30, "impression": 30, "like": 6}
    interests = world.client.viewer("bob")
    evening(world, "last")
    world.clock.at -= HOUR
    before = world.client.viewer("bob")
    world.engine.rebuild()
    assert world.client.viewer("bob") == before != interests
    world.engine.close()
    assert verify(tmp_path / "data")["problems"] == []


def _decoded(raw: bytes) -> Any:
    import msgspec  # noqa: PLC0415

    return msgspec.msgpack.decode(raw)


def test_space_is_given_back_in_small_steps(tmp_path: Path) -> None:
    world = opened(tmp_path / "data")
    noise = np.random.default_rng(0)
    for _ in range(40):
        rows = next(iter([{"id": f"x{noise.integers(1 << 60)}", "kind": "search", "viewer": "ada"}]))
        world.client.events([{**rows, "id": f"{rows['id']}-{n}", "text": noise.bytes(400).hex()} for n in range(100)])
    log = world.engine.backend.log
    log.scrub()
    before = (tmp_path / "data" / "log.sqlite").stat().st_size
    object.__setattr__(world.engine._retention, "settings", RetentionSettings({"search": 1}))
    world.clock.forward(2 * DAY)
    world.engine.tidy()
    log.scrub()
    after = (tmp_path / "data" / "log.sqlite").stat().st_size
    assert before > 1_000_000 > after
    world.engine.close()


def test_the_commands_do_what_they_say(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["foryou", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    assert run("backup", "kept", "--data", "data", "--keep", "3")[0] == 0
    status, said = run("verify", "--data", "data")
    assert (status, "events" in said) == (0, True)
    assert "in use by process" in run("erase", WHO, "--data", "data")[1]
    world.engine.close()
    status, said = run("erase", WHO, "--data", "data", "--json", "receipt.json")
    assert (status, json.loads(Path("receipt.json").read_text("utf-8"))["removed"]["log events"] > 0) == (0, True)
    assert found(tmp_path / "data") == []
    status, said = run("restore", "kept", "--data", "data")
    assert status == 2
    assert "--force to replace it" in said
    status, said = run("restore", "kept", "--data", "data", "--force")
    assert (status, "1 viewers who were erased since" in said) == (0, True)
    assert found(tmp_path / "data") == []
    connection = sqlite3.connect("data/log.sqlite")
    connection.execute('UPDATE log SET payload = zeroblob(50) WHERE "offset" = 5')
    connection.commit()
    connection.close()
    status, said = run("verify", "--data", "data", "--json", "report.json")
    assert (status, "damaged" in said or "not a packed batch" in said) == (1, True)
    assert json.loads(Path("report.json").read_text("utf-8"))["damaged"][0]["offsets"] == [5, 5]
