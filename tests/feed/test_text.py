"""What captions are worth to a feed: measured in worlds that are the same but for their texts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality.captions import LANGUAGES, TOPICS, caption
from foryou.app import Engine
from foryou.client import in_process
from foryou.core.clock import DAY, MINUTE, ManualClock
from foryou.settings import DataSettings, Settings
from tests.loop.conftest import START, World

NAMES = tuple(TOPICS)
EACH = 8
"""Old videos of each topic in each language; as many new ones come later."""


def told(with_text: bool, seed: int = 0) -> World:
    """Videos of ten topics in three languages, every one by an author of its own, with nothing but a caption."""
    clock = ManualClock(START - 2 * DAY)
    engine = Engine.open(Settings(data=DataSettings(url="memory:")), clock)
    world, rng = World(engine, clock, in_process(engine)), np.random.default_rng(seed)
    for age in ("old", "new"):
        for number in range(EACH):
            for topic in NAMES:
                for language in LANGUAGES:
                    clock.forward(MINUTE)
                    video, says = f"{age}-{topic}-{language}-{number}", caption(topic, language, rng)
                    more: dict[str, object] = {"caption": says} if with_text else {}
                    world.topic_of[video] = topic
                    world.send({"kind": "video", "video": video, "author": f"by-{video}", "duration": 12.0,
                                "language": language, **more})  # fmt: skip
        if age == "old":
            clock.at = START - DAY
    clock.at = START
    while engine.work():
        pass
    return world


def match(world: World, topic: str, language: str, n: int = 20) -> float:
    """A viewer finishes old videos of one topic, swipes old ones of others away; how much of their feed fits."""
    viewer = f"{topic}-{language}"
    for number in range(EACH):
        world.finish(viewer, f"old-{topic}-{language}-{number}")
        other = NAMES[(NAMES.index(topic) + 1 + number) % len(NAMES)]
        world.watch(viewer, f"old-{other}-{language}-{number}", 0.5)
    return sum(world.topic_of[video] == topic for video in world.feed(viewer, n, language=language)) / n


@pytest.fixture(scope="module")
def matches() -> dict[bool, list[float]]:
    """The match of ten viewers, each with a taste of their own, with all texts and with none."""
    found: dict[bool, list[float]] = {}
    for with_text in (True, False):
        world = told(with_text)
        found[with_text] = [match(world, topic, LANGUAGES[n % 3]) for n, topic in enumerate(NAMES)]
        world.engine.close()
    return found


@pytest.mark.mission("NO-20")
@pytest.mark.mission("E-16")
def test_without_any_text_the_feed_fits_less(matches: dict[bool, list[float]]) -> None:
    assert np.mean(matches[False]) < (1 - 0.15) * np.mean(matches[True])


def test_with_text_nearly_every_taste_is_met_better(matches: dict[bool, list[float]]) -> None:
    better = [text > none for text, none in zip(matches[True], matches[False], strict=True)]
    assert sum(better) >= 9
