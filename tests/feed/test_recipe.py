"""The knobs of the feed: what can be set, and what is refused by name."""

from __future__ import annotations

import math
from typing import Any

import pytest

from foryou.core.errors import SettingsError
from foryou.feed.recipe import SOURCES, FeedSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ranked", 0), ("retrieved", 0), ("clusters", -1), ("themes", -1), ("content", -1),
        ("nearest", -1), ("similar", -1), ("following", -1), ("popular", -1), ("fresh", -1),
        ("seen_days", 0.0), ("seen_days", math.inf), ("seen_days", 91.0),
        ("freshness", -0.1), ("half_life_h", 0.0), ("half_life_h", math.inf),
        ("exploration", -0.1), ("exploration", 0.6), ("probes", -0.1), ("probes", 0.6), ("fatigue", -0.1),
        ("temperature", -0.1), ("temperature", math.nan), ("diversity", -0.1), ("author_gap", -1), ("sound_gap", -1),
    ],
)  # fmt: skip
def test_a_knob_out_of_range_is_refused_by_its_name(name: str, value: float) -> None:
    settings: dict[str, Any] = {name: value}
    with pytest.raises(SettingsError, match=f"feed.{name} is {value}; expected"):
        FeedSettings(**settings)


def test_nothing_is_a_number_too() -> None:
    assert FeedSettings(nearest=0, exploration=0, probes=0, temperature=0.0, author_gap=0, sound_gap=0).temperature == 0


def test_sources_bring_all_that_is_retrieved_each_as_its_places_are_a_part_of_all() -> None:
    settings = FeedSettings(
        retrieved=1000, nearest=30, similar=10, following=0, popular=5, fresh=5, clusters=0, content=0, wished=10
    )
    assert {name: settings.brings(name) for name in SOURCES} == {
        "nearest": 600, "similar": 200, "following": 0, "popular": 100, "fresh": 100, "clusters": 0,
        "content": 0, "wished": 200,
    }  # fmt: skip
    assert FeedSettings().brings("fresh") >= FeedSettings().fresh
    nothing = dict.fromkeys(SOURCES, 0)
    assert FeedSettings(**nothing).brings("nearest") == 0


def test_the_usual_places_are_all_that_is_ranked() -> None:
    settings = FeedSettings()
    usual = [name for name in SOURCES if name != "wished"]  # has places beside all others
    assert sum(map(settings.places, usual)) == settings.ranked < settings.retrieved
