"""The demo's world, small: its names, its words, its past, and how it goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from foryou.api.schema import Slate
from foryou.app import Engine
from foryou.client import Client, in_process
from foryou.core.clock import DAY, HOUR, MINUTE, SECOND, ManualClock
from foryou.core.errors import SettingsError
from foryou.demo import kept
from foryou.demo.alive import Alive
from foryou.demo.cast import cast_of
from foryou.demo.clips import Clips, links
from foryou.demo.comments import comment
from foryou.demo.kept import Kept
from foryou.demo.names import Names, names_of
from foryou.demo.past import Named, live_past
from foryou.demo.scripts import script_of
from foryou.demo.world import LONGEST_S, SHORTEST_S, SIZES, demo_world
from foryou.media.script import Script
from foryou.settings import Settings, load
from foryou.simulator.world import LANGUAGES, Sizes, World, viewer_name

NOW = 1_700_000_000_000
SMALL = Sizes(viewers=60, creators=10, videos=40, days=3)


@dataclass(frozen=True)
class Lived:
    """A small demo after two days."""

    world: World
    names: Names
    settings: Settings
    out: list[int]
    seen: list[int]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    directory = tmp_path_factory.mktemp("demo")
    settings = load(environment={"FORYOU_DATA_URL": f"file:{directory}"})
    world = demo_world(NOW - 2 * DAY, SMALL, 3)
    names, heard = names_of(world), list[int]()
    rows, out = live_past(settings, world, names, NOW, lambda done, of: heard.append(done))
    assert heard[-1] == len(heard) == 96
    return Lived(world, names, settings, out.tolist(), np.bincount(rows["viewer"], minlength=60).tolist())


@pytest.fixture
def engine(lived: Lived) -> Iterator[Engine]:
    opened = Engine.open(lived.settings, ManualClock(NOW + MINUTE))
    yield opened
    opened.close()


def test_names_are_ones_own_and_can_be_typed_anywhere() -> None:
    names = names_of(demo_world(NOW))
    assert len(set(names.account.values())) == len(names.account) == SIZES.viewers
    assert all(name.isascii() and name == name.lower() for name in names.account.values())
    assert names.told({"viewer": "u77", "author": "c3", "text": "c3"}) == {
        "viewer": names.account["u77"],
        "author": names.account["c3"],
        "text": "c3",
    }


def test_every_video_has_a_script_of_its_length_and_language_that_does_not_depend_on_when_the_world_began() -> None:
    first, later = demo_world(NOW), demo_world(NOW + 40 * DAY + 5 * HOUR)
    for number in range(0, SIZES.videos, 9):
        script = script_of(first, names_of(first), number)
        assert script == script_of(later, names_of(later), number), "clips are rendered once"
        assert SHORTEST_S <= script.seconds <= LONGEST_S
        assert script.language == LANGUAGES[first.videos["language"][number]]
        assert script.title
        assert script.lines
    assert SIZES.videos >= 160


def test_comments_are_in_the_language_of_the_video() -> None:
    said = {language: {comment(f"c{n}", language, "baking", 9.0) for n in range(60)} for language in LANGUAGES}
    assert all(len(each) > 20 for each in said.values())
    assert not said["nb"] & said["nl"] - {""}
    assert all("{" not in text for each in said.values() for text in each)


def test_the_past_ends_now_and_is_served_from(lived: Lived, engine: Engine) -> None:
    events = [event for event in engine.export()]
    assert len(events) > 500
    assert len(lived.out) > 20
    viewer = int(np.argsort(lived.seen)[len(lived.seen) // 2])  # who has seen some
    slate = in_process(engine).feed(lived.names.account[viewer_name(lived.world, viewer)], n=5)
    assert slate.items
    assert all("caption" in item or "hashtags" in item or "author" in item for item in slate.items)


def test_the_cast_is_of_all_languages_and_can_be_told_apart(lived: Lived) -> None:
    guide, cast = cast_of(lived.world, lived.names, np.array(lived.seen))
    assert len(cast) == len(guide.viewers) >= 3
    assert {viewer.language for viewer in guide.viewers} == set(LANGUAGES)
    assert len({viewer.likes[0] for viewer in guide.viewers}) == len(cast)
    assert all(lived.world.maker[v] < 0 for v in cast)
    assert {creator.author for creator in guide.creators} <= set(lived.names.account.values())


class _Counted:
    """A client that counts what is sent."""

    def __init__(self, to: Client) -> None:
        self.to, self.rows, self.asked = to, list[dict[str, object]](), list[str]()

    def events(self, rows: list[dict[str, object]]) -> object:
        self.rows += rows
        return self.to.events(rows)

    def feed(self, viewer: str, **asked: object) -> Slate:
        self.asked.append(viewer)
        return self.to.feed(viewer, **asked)  # type: ignore[arg-type]


def test_some_viewers_are_always_there_and_nobody_acts_for_the_cast(
    lived: Lived, engine: Engine, tmp_path: Path
) -> None:
    later = [n for n in range(SMALL.videos) if n not in lived.out]
    found = Kept(kept.MADE, lived.world.start, True, [20, 21, 22], lived.out, later)
    counted = _Counted(in_process(engine))
    start = NOW + MINUTE
    script = script_of(lived.world, lived.names, later[0])
    (tmp_path / f"{script.name}.mp4").write_bytes(b"")
    alive = Alive(Named(counted, lived.world, lived.names), found, 4, tmp_path, start)  # type: ignore[arg-type]
    for now in range(start, start + 5 * MINUTE, 5 * SECOND):
        engine.clock.clock.at = now  # type: ignore[attr-defined]
        alive.step(now)
    spared = {lived.names.account[f"u{v}"] for v in found.cast}
    assert counted.asked
    assert not spared & set(counted.asked)
    kinds = {str(row["kind"]) for row in counted.rows}
    assert {"impression", "watch", "video"} <= kinds
    new = [row for row in counted.rows if row["kind"] == "video"]
    assert [row["media"] for row in new] == [links(script)["media"]], "the next has no clip yet"
    assert all(int(str(row["at"])) <= start + 5 * MINUTE for row in counted.rows)


def test_clips_that_are_there_are_told_of_and_those_that_are_to_come_are_not(
    lived: Lived, engine: Engine, tmp_path: Path
) -> None:
    scripts = [script_of(lived.world, lived.names, n) for n in range(SMALL.videos)]
    there, later = scripts[lived.out[0]], scripts[max(n for n in range(SMALL.videos) if n not in lived.out)]
    for script in (there, later):
        (tmp_path / f"{script.name}.mp4").write_bytes(b"")
    clips = Clips(tmp_path, [there, later], lambda done, of: None)
    clips.start()
    clips.announce(in_process(engine), frozenset(scripts[n].video for n in lived.out))
    for _ in range(200):
        if "media" in engine.video(there.video):
            break
        clips._ends.wait(0.05)
    clips.close()
    assert engine.video(there.video)["media"] == f"/media/{there.name}.mp4"
    assert engine.video(there.video)["duration"] == pytest.approx(there.seconds, abs=0.11)
    with pytest.raises(Exception, match="no video"):
        engine.video(later.video)


def test_a_directory_of_something_else_is_left_alone_and_a_past_that_was_cut_off_begins_again(tmp_path: Path) -> None:
    mine, media = tmp_path / "mine", tmp_path / "demo" / "media"
    mine.mkdir()
    (mine / "log.sqlite").write_bytes(b"precious")
    with pytest.raises(SettingsError, match="holds other data"):
        kept.find(mine)
    media.mkdir(parents=True)
    (media / "v1-a.mp4").write_bytes(b"clip")
    directory = media.parent
    assert kept.find(directory) is None, "clips may be there before"
    kept.begin(directory, NOW)
    (directory / "log.sqlite").write_bytes(b"half")
    assert kept.find(directory) is None
    kept.begin(directory, NOW + 1)
    assert sorted(path.name for path in directory.iterdir()) == ["media", kept.FILE]
    kept.note(directory, Kept(kept.MADE, NOW, True, [1], [2, 3], [4]))
    found = kept.find(directory)
    assert found is not None
    assert (found.cast, found.out, found.later) == ([1], [2, 3], [4])


def test_a_rendering_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    world = demo_world(NOW)
    first, second = sorted((script_of(world, names_of(world), n) for n in range(9)), key=lambda each: each.seconds)[:2]
    (tmp_path / f"{first.name}.mp4").write_bytes(b"made before")
    (tmp_path / f".{second.name}.mp4.1").write_bytes(b"half")
    ready, counts = threading.Event(), list[tuple[int, int]]()

    def told(done: int, of: int) -> None:
        counts.append((done, of))
        if done == of:
            ready.set()

    clips = Clips(tmp_path, [first, second], told)
    clips.start()
    assert ready.wait(60)
    clips.close()
    assert counts == [(1, 2), (2, 2)]
    assert (tmp_path / f"{first.name}.mp4").read_bytes() == b"made before"
    assert {path.suffix for path in tmp_path.glob(f"*{second.name}*")} == {".mp4", ".webp", ".vtt"}


def test_scripts_that_differ_have_different_files() -> None:
    world = demo_world(NOW)
    names = names_of(world)
    scripts: list[Script] = [script_of(world, names, n) for n in range(SIZES.videos)]
    assert len({script.name for script in scripts}) == len(scripts)
