"""Versions of the model are kept, the newest few, in memory or in a directory."""

from pathlib import Path

import numpy as np
import pytest

from foryou.backends.models import Models, read_state
from foryou.core.errors import BackendError, NotFound


@pytest.fixture(params=["memory", "files"])
def models(request: pytest.FixtureRequest, tmp_path: Path) -> Models:
    return Models(None if request.param == "memory" else tmp_path / "models", most=3)


def keep(models: Models, *rows: int) -> None:
    for learned in rows:
        models.keep(f"r-{learned}", {"values": np.full(3, learned)}, {"version": f"r-{learned}", "learned": learned})


def test_the_newest_versions_are_kept_with_what_was_said_of_them(models: Models) -> None:
    assert models.all() == []
    keep(models, 9, 10, 11, 100)
    assert [row["version"] for row in models.all()] == ["r-10", "r-11", "r-100"]
    assert models.read("r-11")["values"].tolist() == [11, 11, 11]
    for gone in ("r-9", "nothing"):
        with pytest.raises(NotFound, match="there are r-10, r-11, r-100"):
            models.read(gone)


def test_a_version_that_is_kept_again_takes_the_place_of_the_old_one(models: Models) -> None:
    keep(models, 10, 11, 10)
    assert [row["version"] for row in models.all()] == ["r-11", "r-10"]
    keep(models, 1, 2)
    assert [row["version"] for row in models.all()] == ["r-10", "r-1", "r-2"], "by when they were kept"


def test_another_process_finds_them(tmp_path: Path) -> None:
    keep(Models(tmp_path), 10)
    assert Models(tmp_path).read("r-10")["values"].tolist() == [10, 10, 10]
    assert read_state(tmp_path / "r-10.npz")["values"].tolist() == [10, 10, 10]
    with pytest.raises(BackendError, match="cannot be read"):
        read_state(tmp_path / "nothing.npz")
    full = tmp_path / "file"
    full.write_text("")
    with pytest.raises(BackendError, match="cannot keep model r-10"):
        keep(Models(full), 10)
