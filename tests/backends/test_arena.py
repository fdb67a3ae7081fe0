"""Arrays that several processes see."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from foryou.backends.arena import Arena, Attached
from foryou.core.errors import BackendError

READER = """
import sys
from pathlib import Path
from foryou.backends.arena import Attached
published = Attached(Path(sys.argv[1])).published("numbers")
array = published.news()["some"]
print(int(array.sum()), array.flags.writeable, flush=True)
sys.stdin.readline()
print(int(array.sum()), published.news() is None, flush=True)
"""


def test_another_process_sees_what_is_written_without_being_told(tmp_path: Path) -> None:
    arena = Arena(tmp_path)
    some = arena.zeros(1000, np.int64)
    some[:] = 1
    arena.publish("numbers", {"some": some})
    command = [sys.executable, "-c", READER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin is not None and reader.stdout is not None
        assert reader.stdout.readline().split() == ["1000", "False"]
        some[0] = 5
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline().split() == ["1004", "True"]


def test_a_longer_array_has_the_same_pages(tmp_path: Path) -> None:
    arena = Arena(tmp_path)
    short = arena.zeros((2, 3), np.float32)
    short[1] = 7.0
    long = arena.grown(short, 5000)
    assert long.shape == (5000, 3)
    assert long[1].tolist() == [7.0, 7.0, 7.0]
    assert not long[2:].any()
    long[0] = 4.0
    assert short[0].tolist() == [4.0, 4.0, 4.0]


def test_news_come_once_for_each_publishing(tmp_path: Path) -> None:
    arena = Arena(tmp_path)
    first, second = arena.zeros(3, np.int32), arena.zeros((), np.float64)
    arena.publish("a", {"x": first})
    seen = Attached(tmp_path).published("a")
    assert list(seen.news() or {}) == ["x"]
    assert seen.news() is None
    arena.publish("a", {"y": second})
    news = seen.news()
    assert news is not None
    assert list(news) == ["y"]
    assert news["y"].shape == ()


def test_a_file_goes_with_its_array_and_readers_keep_what_they_have(tmp_path: Path) -> None:
    arena = Arena(tmp_path)
    old = arena.zeros(10, np.int64)
    old[:] = 3
    arena.publish("a", {"x": old})
    seen = Attached(tmp_path).published("a")
    held = (seen.news() or {})["x"]
    files = {path.name for path in tmp_path.iterdir()}
    new = arena.zeros(10, np.int64)
    arena.publish("a", {"x": new})
    del old
    assert held.tolist() == [3] * 10
    assert (seen.news() or {})["x"].tolist() == [0] * 10
    assert len({path.name for path in tmp_path.iterdir()} - files) == 1
    assert len(files - {path.name for path in tmp_path.iterdir()}) == 1


def test_what_was_never_shared_and_what_is_gone_are_named(tmp_path: Path) -> None:
    arena = Arena(tmp_path / "arena")
    with pytest.raises(BackendError, match="nothing is shared as 'a'"):
        Attached(tmp_path / "arena").published("a")
    arena.publish("a", {})
    seen = Attached(tmp_path / "arena").published("a")
    arena.close()
    with pytest.raises(BackendError, match="'a' is gone"):
        seen.news()
