"""The protocols beside peers, on a small cut of the public log, by their commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from foryou.cli import app
from foryou.core.errors import InvalidEvent, NotFound
from foryou.lab import peers as lab_peers
from tests.lab.test_commands import DAYS, told
from tests.protocols.cut import TWO_DAYS, cut

HEADS = {"finish", "long_view", "skip", "like", "comment", "share", "follow", "visit", "not_interested"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cut(tmp_path_factory.mktemp("cut"), {**TWO_DAYS, "sequences": "user_id < 100"})


def asked(directory: Path, *words: str) -> dict[str, Any]:
    """What an evaluation told, and that it drew something."""
    picture = directory / "picture.png"
    picture.unlink(missing_ok=True)
    report = told(directory, "evaluate", *words, "--runs", "1", "--picture", str(picture))
    assert picture.read_bytes()[:4] == b"\x89PNG"
    return report
