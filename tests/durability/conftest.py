"""A server to be killed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.server import Nursery, Server


@pytest.fixture(scope="package")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def server(nursery: Nursery, tmp_path: Path) -> Iterator[Server]:
    made = Server(nursery, tmp_path / "data", tmp_path / "stderr")
    yield made
    if made.pid and made.runs:
        made.end(signal.SIGKILL)
