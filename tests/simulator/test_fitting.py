"""`foryou simulate fit` on an exported log."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from foryou.api.files import write
from foryou.core.errors import NotFound
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.fitting import fit

LENGTHS = (6.0, 12.0, 25.0, 50.0, 100.0, 200.0, 400.0)

app = typer.Typer()
app.command()(fit)


def written(path: Path) -> Path:
    """Half a day of forty viewers, half of whom like what they watch to the end."""
    rng = np.random.default_rng(1)
    videos = [
        {"kind": "video", "at": 1, "video": f"v{n}", "author": "a", "duration": LENGTHS[n % 7]} for n in range(70)
    ]
    watches = []
    for n in range(1500):
        video, viewer = int(rng.integers(70)), f"u{rng.integers(40)}"
        seconds = min(float(rng.exponential(12)), LENGTHS[video % 7])
        row = {"at": 2 + n * 30_000, "viewer": viewer, "video": f"v{video}"}
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


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file"):
        CliRunner().invoke(app, [str(tmp_path / "log.parquet")], catch_exceptions=False)
