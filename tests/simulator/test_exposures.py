"""Exposures from exported events."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from foryou.api.files import write
from foryou.core.errors import NotFound, SettingsError
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.exposures import read
from foryou.simulator.ranges import RANGES
from foryou.simulator.videos import FORMATS

EVENTS = [
    {"kind": "video", "at": 1_000, "video": "a", "duration": 20.0, "author": "x"},
    {"kind": "video", "at": 1_000, "video": "b", "duration": 40.0, "author": "x"},
    {"kind": "video", "at": 1_000, "video": "silent", "author": "x"},
    {"kind": "like", "at": 5_000, "viewer": "one", "video": "a"},
    {"kind": "watch", "at": 10_000, "viewer": "one", "video": "a", "seconds": 5.0, "surface": "for_you"},
    {"kind": "like", "at": 12_000, "viewer": "one", "video": "a"},
    {"kind": "watch", "at": 20_000, "viewer": "two", "video": "b", "seconds": 1.0, "surface": "for_you"},
    {"kind": "comment", "at": 21_000, "viewer": "one", "video": "b"},
    {"kind": "watch", "at": 30_000, "viewer": "one", "video": "a", "seconds": 9.0, "surface": "for_you"},
    {"kind": "save", "at": 40_000, "viewer": "one", "video": "a"},
    {"kind": "watch", "at": 50_000, "viewer": "two", "video": "a", "seconds": 2.0, "surface": "following"},
    {"kind": "watch", "at": 60_000, "viewer": "two", "video": "silent", "seconds": 2.0, "surface": "for_you"},
    {"kind": "watch", "at": 70_000, "viewer": "two", "video": "a", "long_view": True, "surface": "for_you"},
]


def written(path: Path) -> Path:
    write(path, [msgspec.msgpack.encode({"id": str(number), **event}) for number, event in enumerate(EVENTS)])
    return path


@pytest.mark.parametrize("name", ["log.jsonl", "log.parquet"])
def test_an_act_belongs_to_the_latest_exposure_before_it(name: str, tmp_path: Path) -> None:
    log = read(written(tmp_path / name))
    assert log.surface == "for_you"
    assert log.rows["seconds"].tolist() == [5.0, 1.0, 9.0]
    assert log.rows["duration"].tolist() == [20.0, 40.0, 20.0]
    assert log.rows["viewer"].tolist() == [0, 1, 0]
    assert log.rows["like"].tolist() == [True, False, False]
    assert log.rows["save"].tolist() == [False, False, True]
    assert log.acts == ("like", "save")
    assert (log.pressed, log.lost) == (4, 1), "nobody watched what was commented on"


def of(stamped: str, impressions: bool) -> list[dict[str, object]]:
    """One viewer who watches a video for 10 s, likes it in the sixth second, and saves it as it comes again."""
    events: list[dict[str, object]] = [{"kind": "video", "at": 1, "video": "a", "duration": 20.0}]
    for begin, seconds, act in ((100_000, 10.0, "like"), (115_000, 8.0, "save"), (500_000, 4.0, "")):
        here = {"viewer": "one", "video": "a"}
        end = begin + int(seconds * 1000)
        events += [{"kind": "impression", "at": begin + 5, **here}] * impressions
        events += [{"kind": act, "at": begin + 6_000, **here}] * bool(act)
        events.append({"kind": "watch", "at": end if stamped == "end" else begin, "seconds": seconds, **here})
    return [*events, {"kind": "share", "at": 90_000_000, "viewer": "one", "video": "a"}]


@pytest.mark.parametrize("impressions", [True, False])
@pytest.mark.parametrize("stamped", ["start", "end"])
def test_acts_find_their_watch_whether_it_has_the_time_of_its_start_or_of_its_end(
    stamped: str, impressions: bool, tmp_path: Path
) -> None:
    rows = [{"id": str(number), **event} for number, event in enumerate(of(stamped, impressions))]
    write(tmp_path / "log.jsonl", [msgspec.msgpack.encode(row) for row in rows])
    log = read(tmp_path / "log.jsonl")
    assert log.rows["like"].tolist() == [True, False, False]
    assert log.rows["save"].tolist() == [False, True, False]
    assert (log.acts, log.lost) == (("like", "save"), 1), "what is shared a day later is of none of them"


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


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ('{"keep": 5, "often": -3}', "`keep` is 5; expected 0 to 1"),
        ('{"often": 0}', "`often` is 0; expected 1e-06 to 100"),
        ('{"rest_h": 0}', "`rest_h` is 0"),
        ('{"act": [0, 0, 0, 0, 0, 0, 0, 900]}', "`act` is 900; expected -50 to 50"),
        ('{"habit_least": 1, "habit_most": 0}', "`habit_least` is 1.0; expected at most `habit_most`"),
        ('{"stay_format": [1]}', "`stay_format` has 8 numbers"),
        ('{"keep": "much"}', "keep"),
        ("{", "b.json"),
    ],
)
def test_parameters_that_cannot_be_are_named_with_what_they_can_be(said: str, wrong: str, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(said)
    with pytest.raises(SettingsError, match=re.escape(wrong)):
        Behaviour.read(tmp_path / "b.json")


def test_every_parameter_has_a_range() -> None:
    assert set(RANGES) == {each.name for each in fields(Behaviour)}
    assert len(Behaviour().stay_format) == len(FORMATS)
