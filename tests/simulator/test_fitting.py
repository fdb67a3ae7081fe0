"""`foryou simulate fit` on an exported log."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from foryou.api.files import write
from foryou.core.errors import InvalidEvent, NotFound
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.fitting import fit

LENGTHS = (6.0, 12.0, 25.0, 50.0, 100.0, 200.0, 400.0)

app = typer.Typer()
app.command()(fit)


def written(path: Path) -> Path:
    """A day of forty viewers, half of whom like what they watch to the end."""
    rng = np.random.default_rng(1)
    videos = [
        {"kind": "video", "at": 1, "video": f"v{n}", "author": "a", "duration": LENGTHS[n % 7]} for n in range(70)
    ]
    watches = []
    for n in range(1500):
        video, viewer = int(rng.integers(70)), f"u{rng.integers(40)}"
        seconds = min(float(rng.exponential(12)), LENGTHS[video % 7])
        row = {"at": 2 + n * 60_000, "viewer": viewer, "video": f"v{video}"}
        watches.append({"kind": "watch", "seconds": seconds, **row})
        if seconds == LENGTHS[video % 7] and n % 2:
            watches.append({"kind": "like", **row})
    events = [{"id": str(number), **event} for number, event in enumerate([*videos, *watches])]
    write(path, (msgspec.msgpack.encode(event) for event in events))
    return path


@pytest.mark.slow
def test_a_fit_writes_parameters_figures_and_a_picture(tmp_path: Path) -> None:
    log, to, told = written(tmp_path / "log.parquet"), tmp_path / "b.json", tmp_path / "near.json"
    options = ["--json", str(told), "--meetings", "2000", "--viewers", "40"]
    done = CliRunner().invoke(app, [str(log), str(to), *options], catch_exceptions=False)
    assert done.exit_code == 0
    assert "like" in done.output and "400" not in done.output and "300 s and more" in done.output
    fitted = Behaviour.read(to)
    assert fitted.hold != Behaviour().hold and fitted.act[0] > Behaviour().act[0]
    near = msgspec.json.decode(told.read_bytes())
    assert near["exposures"] == 1500 and len(near["watch_ratio"]) == len(LENGTHS)
    assert (tmp_path / "b.png").stat().st_size > 10_000


def test_a_log_with_nothing_to_fit_is_refused_before_the_work(tmp_path: Path) -> None:
    events = [
        {"kind": "video", "at": 1, "video": "a", "duration": 20.0},
        {"kind": "watch", "at": 10_000, "viewer": "one", "video": "a", "seconds": 5.0},
        {"kind": "watch", "at": 20_000_000, "viewer": "two", "video": "a", "seconds": 5.0},
    ]
    acts = [{"kind": "like", "at": 11_000, "viewer": who, "video": "a"} for who in ("one", "three")]
    for rows, said in ((events, "nothing that viewers pressed"), ([*events, *acts], "spans 5.6 hours")):
        path = tmp_path / "log.jsonl"
        write(path, [msgspec.msgpack.encode({"id": str(number), **event}) for number, event in enumerate(rows)])
        done = CliRunner().invoke(app, [str(path), str(tmp_path / "b.json")])
        assert isinstance(done.exception, NotFound) and said in str(done.exception)
    assert "1 of 2 acts are of no watch" in done.output
    done = CliRunner().invoke(app, [str(path), str(tmp_path / "nowhere" / "b.json")])
    assert isinstance(done.exception, InvalidEvent) and "TO: there is no directory" in str(done.exception)


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file"):
        CliRunner().invoke(app, [str(tmp_path / "log.parquet")], catch_exceptions=False)
