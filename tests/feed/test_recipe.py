"""The knobs of the feed: what can be set, and what is refused by name."""

from __future__ import annotations

import math
from typing import Any

import pytest

from foryou.core.errors import SettingsError
from foryou.feed.recipe import FeedSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nearest", -1), ("similar", -1), ("following", -1), ("popular", -1), ("fresh", -1), ("fresh_audience", -1.0),
        ("fresh_days", 0.0), ("seen_days", 0.0), ("seen_days", math.inf), ("fresh_least", -1), ("fresh_least", 11),
        ("temperature", -0.1), ("temperature", math.nan), ("diversity", -0.1), ("author_gap", -1), ("sound_gap", -1),
    ],
)  # fmt: skip
def test_a_knob_out_of_range_is_refused_by_its_name(name: str, value: float) -> None:
    settings: dict[str, Any] = {name: value}
    with pytest.raises(SettingsError, match=f"feed.{name} is {value}; expected"):
        FeedSettings(**settings)


def test_nothing_is_a_number_too() -> None:
    assert FeedSettings(nearest=0, fresh_least=0, temperature=0.0, author_gap=0, sound_gap=0).temperature == 0
