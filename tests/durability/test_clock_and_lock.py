"""A clock that goes back, and a directory that two processes want."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from foryou.core.clock import DAY, HOUR
from foryou.keeping.verify import verify
from tests.durability.server import Server
from tests.test_app import evening, morning, opened


def test_a_clock_that_goes_back_an_hour_changes_no_order(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = opened(tmp_path)
    for number in range(100, 160):
        world.upload(f"v{number}", f"t{number % 4}")
    morning(world)
    world.engine.work()
    learned = world.engine.learner.learned
    world.clock.at -= 2 * HOUR
    evening(world, "back")
    while world.engine.work():
        pass
    assert world.engine.learner.learned > learned
    world.engine.close()
    world.clock.at -= HOUR
    again = opened(tmp_path)
    again.clock.at = world.clock.at
    again.sent, again.topic_of = world.sent, world.topic_of
    assert int(str(again.engine.status()["clock_behind_ms"])) > HOUR
    evening(again, "later")
    again.clock.at += 2 * DAY
    again.engine.tidy()
    log = again.engine.backend.log
    requests = [int(r.rows["request"][0]) for r in log.read(0, ("served",))]
    assert len(requests) == 9
    assert requests == sorted(set(requests))
    received = np.concatenate([r.rows["received"] for r in log.read(0, ("events",))])
    assert (np.diff(received) >= 0).all()
    assert "the clock is" in caplog.text
    again.engine.close()
    assert verify(tmp_path)["problems"] == []


@pytest.mark.slow
def test_a_second_server_is_refused_in_one_line_and_a_killed_one_holds_nothing(server: Server) -> None:
    server.start()
    command = "import sys; from foryou.cli import main; sys.argv[0] = 'foryou'; main()"
    second = subprocess.run(
        [sys.executable, "-c", command, "serve", "--data", str(server.data), "--port", "1"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert second.returncode == 2
    assert f"in use by process {server.pid}: stop that process, or give another directory" in second.stderr
    assert "Traceback" not in second.stderr
    server.end(signal.SIGKILL)
    assert (server.data / "lock").read_text("utf-8").strip() == str(server.pid)
    assert server.start().viewer("nobody")["viewer"] == "nobody"
