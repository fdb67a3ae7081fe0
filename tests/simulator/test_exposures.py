"""Exposures from exported events."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from foryou.api.files import write
from foryou.core.errors import NotFound, SettingsError
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.exposures import read

EVENTS = [
    {"kind": "video", "at": 1, "video": "a", "duration": 20.0, "author": "x"},
    {"kind": "video", "at": 1, "video": "b", "duration": 40.0, "author": "x"},
    {"kind": "video", "at": 1, "video": "silent", "author": "x"},
    {"kind": "like", "at": 5, "viewer": "one", "video": "a"},
    {"kind": "watch", "at": 10, "viewer": "one", "video": "a", "seconds": 5.0, "surface": "for_you"},
    {"kind": "like", "at": 12, "viewer": "one", "video": "a"},
    {"kind": "watch", "at": 20, "viewer": "two", "video": "b", "seconds": 1.0, "surface": "for_you"},
    {"kind": "comment", "at": 21, "viewer": "one", "video": "b"},
    {"kind": "watch", "at": 30, "viewer": "one", "video": "a", "seconds": 21.0, "surface": "for_you"},
    {"kind": "save", "at": 40, "viewer": "one", "video": "a"},
    {"kind": "watch", "at": 50, "viewer": "two", "video": "a", "seconds": 2.0, "surface": "following"},
    {"kind": "watch", "at": 60, "viewer": "two", "video": "silent", "seconds": 2.0, "surface": "for_you"},
    {"kind": "watch", "at": 70, "viewer": "two", "video": "a", "long_view": True, "surface": "for_you"},
]


def written(path: Path) -> Path:
    write(path, [msgspec.msgpack.encode({"id": str(number), **event}) for number, event in enumerate(EVENTS)])
    return path


@pytest.mark.parametrize("name", ["log.jsonl", "log.parquet"])
def test_an_act_belongs_to_the_latest_exposure_before_it(name: str, tmp_path: Path) -> None:
    log = read(written(tmp_path / name))
    assert log.surface == "for_you"
    assert log.rows["seconds"].tolist() == [5.0, 1.0, 21.0]
    assert log.rows["duration"].tolist() == [20.0, 40.0, 20.0]
    assert log.rows["viewer"].tolist() == [0, 1, 0]
    assert log.rows["like"].tolist() == [True, False, False]
    assert log.rows["save"].tolist() == [False, False, True]
    assert log.acts == ("like", "save")


def test_another_surface_can_be_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "log.jsonl")
    assert read(path, "following").rows["seconds"].tolist() == [2.0]
    with pytest.raises(NotFound, match="following, for_you"):
        read(path, "shop")


def test_a_file_that_is_not_there_or_has_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file"):
        read(tmp_path / "log.jsonl")
    (tmp_path / "empty.jsonl").write_text('{"kind": "like", "at": 1, "viewer": "a", "video": "b"}\n')
    with pytest.raises(NotFound, match="no watch"):
        read(tmp_path / "empty.jsonl")
    with pytest.raises(NotFound, match="no file"):
        read(tmp_path)


def test_parameters_that_are_unknown_are_named(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('{"patience": 3}')
    with pytest.raises(SettingsError, match="patience"):
        Behaviour.read(tmp_path / "b.json")
