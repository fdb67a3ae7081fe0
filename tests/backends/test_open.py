"""Opening a back end: by URL, by one process at a time."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from foryou.backends.open import open_backend
from foryou.core.batch import Batch
from foryou.core.errors import BackendError
from foryou.core.table import Field, Table

HOLDER = """
import sys, time
from foryou.backends.open import open_backend
backend = open_backend(sys.argv[1])
print("open", flush=True)
time.sleep(60)
"""


def test_memory_has_every_port_and_no_directory() -> None:
    backend = open_backend("memory:")
    assert backend.directory is None
    assert backend.log.append("events", Batch({"x": np.arange(2)})) == 1
    assert len(backend.index()) == 0
    backend.close()


def test_a_directory_is_made_and_keeps_everything(tmp_path: Path) -> None:
    table, keys = Table("video", (Field("likes", "int32"),)), np.array([7])
    for opening in range(2):
        backend = open_backend(f"file:{tmp_path}/new/data")
        assert backend.directory == tmp_path / "new" / "data"
        backend.store.create(table)
        assert backend.store.load() == opening
        assert backend.documents.get("video", [7]) == [b"seven" if opening else None]
        assert backend.store.read("video", keys)["likes"].tolist() == [opening]
        assert backend.log.end == opening
        offset = backend.log.append("events", Batch({"x": np.arange(2)}))
        backend.documents.put("video", [7], [b"seven"])
        backend.store.write("video", keys, Batch({"likes": np.array([1], np.int32)}))
        backend.store.save(offset)
        backend.close()


def test_saved_tables_are_never_ahead_of_the_log(tmp_path: Path) -> None:
    backend = open_backend(f"file:{tmp_path}")
    backend.store.save(backend.log.append("events", Batch({"x": np.arange(2)})))
    query = """SELECT max("offset") FROM log"""
    script = f"import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute({query!r}).fetchone()[0])"
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "log.sqlite"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"
    backend.close()


@pytest.mark.parametrize("url", ["redis://x", "data", "", "/data"])
def test_an_unknown_scheme_names_the_known_ones(url: str) -> None:
    with pytest.raises(BackendError, match="a back end is one of memory:, file:PATH"):
        open_backend(url)


def test_paths_are_written_in_any_of_the_usual_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("file:data", "file:./data", f"file:{tmp_path}/data", f"file://{tmp_path}/data"):
        backend = open_backend(url)
        assert backend.directory is not None
        assert backend.directory.resolve() == tmp_path / "data"
        backend.close()
    with pytest.raises(BackendError, match="give a directory"):
        open_backend("file:")


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackendError, match="cannot make the directory"):
        open_backend(f"file:{tmp_path}/file/data")


def test_a_second_opening_is_told_who_holds_it(tmp_path: Path) -> None:
    backend = open_backend(f"file:{tmp_path}")
    with pytest.raises(BackendError, match=f"in use by process {os.getpid()}: stop that process"):
        open_backend(f"file:{tmp_path}")
    backend.close()
    open_backend(f"file:{tmp_path}").close()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    url = f"file:{tmp_path}"
    with subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(BackendError, match=f"in use by process {holder.pid}"):
            open_backend(url)
        holder.kill()
        holder.wait()
        open_backend(url).close()


def test_a_directory_that_does_not_open_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "documents.sqlite").write_text("not a database" * 100)
    for _ in range(2):
        with pytest.raises(BackendError, match="cannot open documents"):
            open_backend(f"file:{tmp_path}")
    (tmp_path / "documents.sqlite").unlink()
    open_backend(f"file:{tmp_path}").close()
