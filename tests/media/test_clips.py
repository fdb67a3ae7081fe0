"""Clips that are rendered from scripts: what players need, what one sees and hears, and that the same is made twice."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from PIL import Image, ImageChops

from foryou.media.glyphs import glyph, glyphs
from foryou.media.looks import LOOKS, inked, look_of
from foryou.media.motion import MOTIONS
from foryou.media.picture import HEIGHT, WIDTH, frames, poster
from foryou.media.render import render, subtitles
from foryou.media.script import Line, Script
from foryou.media.sound import BEATS, RATE, VOICES, sound
from foryou.media.words import drawable, font
from foryou.simulator.topics import topics

SCRIPT = Script(
    video="v7",
    topic="baking",
    language="nb",
    author="ingrid.baking",
    seconds=9.0,
    hook=0.9,
    title="Slik bakte jeg brød på søndag",
    lines=(
        Line("de mykeste bollene", "I dag baker vi <boller> & brød."),
        Line("en hevekurv", "Jeg brukte en hevekurv."),
    ),
    seed=7,
    tune=3,
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the script."""
    directory = tmp_path_factory.mktemp("clips")
    (directory / "v7-anolderone.mp4").write_bytes(b"old")
    render(directory, SCRIPT)
    return directory / f"{SCRIPT.name}.mp4"


def test_a_clip_is_what_players_need(clip: Path) -> None:
    with av.open(str(clip)) as file:
        picture, voice = file.streams.video[0], file.streams.audio[0]
        assert (picture.codec_context.name, picture.width, picture.height) == ("h264", WIDTH, HEIGHT)
        assert (voice.codec_context.name, picture.average_rate) == ("aac", 24)
        keys = [frame.time for frame in file.decode(video=0) if frame.key_frame]
        assert file.duration is not None
        assert file.duration / 1e6 == pytest.approx(SCRIPT.seconds, abs=0.1)
    assert max(np.diff(keys)) <= 1.01, "one can seek to each second"
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "a player can begin before it has all"


def test_its_poster_and_subtitles_lie_beside_it_and_nothing_half_made_or_old_does(clip: Path) -> None:
    assert sorted(path.suffix for path in clip.parent.iterdir()) == [".mp4", ".vtt", ".webp"]
    assert {path.stem for path in clip.parent.iterdir()} == {SCRIPT.name}
    assert SCRIPT.is_in(clip.parent)
    with Image.open(clip.with_suffix(".webp")) as still:
        assert still.size == (WIDTH, HEIGHT)


def test_the_same_script_gives_the_same_clip_and_another_one_has_another_name(clip: Path, tmp_path: Path) -> None:
    render(tmp_path, SCRIPT)
    assert (tmp_path / clip.name).read_bytes() == clip.read_bytes()
    assert replace(SCRIPT, title="Noe annet").name != SCRIPT.name


def test_subtitles_say_what_is_said_when_it_is_shown() -> None:
    told = subtitles(SCRIPT)
    assert told.startswith("WEBVTT\n\n00:00.000 --> 00:03.000\n")
    assert "I dag baker vi &lt;boller&gt; &amp; brød." in told
    assert SCRIPT.title in told


def test_every_topic_of_the_simulator_has_its_own_look_and_sound() -> None:
    names = topics(1).names
    assert set(LOOKS) == set(glyphs()) == set(names)
    assert len({look_of(name).colours for name in names}) == len(names)
    assert len({(look_of(name).voice, look_of(name).beat, look_of(name).tempo) for name in names}) == len(names)
    for name in names:
        look = look_of(name)
        assert look.motion in MOTIONS
        assert look.voice in VOICES
        assert look.beat in BEATS
        assert np.asarray(glyph(name, 64, inked(look.colours[2]), inked(look.colours[3])))[..., 3].mean() > 10


def test_a_topic_that_nobody_knows_has_a_look_too() -> None:
    assert next(frames(replace(SCRIPT, topic="juggling"))).size == (WIDTH, HEIGHT)


def _moves(script: Script) -> float:
    """How much changes from frame to frame in the first three seconds."""
    first = [frame for _, frame in zip(range(72), frames(script), strict=False)]
    changes = [np.asarray(ImageChops.difference(a, b)).mean() for a, b in pairwise(first)]
    return float(np.mean(changes))


def test_a_strong_hook_moves_much_more_than_a_weak_one_and_is_heard_at_once() -> None:
    strong, weak = replace(SCRIPT, hook=0.95), replace(SCRIPT, hook=0.1)
    assert _moves(strong) > 3 * _moves(weak)
    loud, soft = (float(np.square(sound(each)[: 2 * RATE]).mean()) for each in (strong, weak))
    assert loud > 2 * soft


def test_sound_is_as_long_as_the_clip_and_never_too_loud() -> None:
    for topic in ("football", "coffee", "horses"):
        heard = sound(replace(SCRIPT, topic=topic))
        assert len(heard) == int(SCRIPT.seconds * RATE)
        assert 0.2 < np.abs(heard).max() <= 1.0


def test_letters_of_all_three_languages_are_drawn_and_emoji_left_out() -> None:
    missing = bytes(font(40).getmask("\U0010fffd"))
    assert all(bytes(font(40).getmask(letter)) != missing for letter in "æøåÆØÅëéïö–…’")
    assert drawable("Brød 🔥 på  tirsdag") == "Brød på tirsdag"


def test_a_poster_shows_the_title() -> None:
    bare = poster(replace(SCRIPT, title="i"))
    assert np.asarray(ImageChops.difference(poster(SCRIPT), bare)).mean() > 3


def test_a_process_of_its_own_renders_what_it_is_told_and_skips_what_is_there(tmp_path: Path) -> None:
    short = replace(SCRIPT, seconds=5.0)
    told = (msgspec.json.encode(short) + b"\n") * 2
    command = [sys.executable, "-m", "foryou.media", str(tmp_path)]
    said = subprocess.run(command, input=told, capture_output=True, check=True).stdout.decode().splitlines()
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert said == [f"{short.name} {size}", f"{short.name} 0"]
