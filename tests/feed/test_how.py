"""What "How it works" tells, from settings and explanations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from foryou.core.errors import InvalidEvent
from foryou.core.heads import HEADS
from foryou.features.reach_settings import ReachSettings
from foryou.feed.how import how, influences
from foryou.feed.recipe import FeedSettings
from foryou.feed.words import LANGUAGES


def told(language: str = "en", feed: FeedSettings | None = None, demographics: bool = True) -> Any:
    return how(feed or FeedSettings(), ReachSettings(), demographics, [], language)


def slate(**parts: float) -> list[dict[str, object]]:
    return [{"families": [{"family": name, "part": part} for name, part in parts.items()]}]


@pytest.mark.mission("NL-23")
def test_signals_for_and_against_are_told_with_the_weights_in_use() -> None:
    weights = {each["head"]: each["weight"] for each in told()["outcomes"]}
    assert weights == {head.name: head.weight for head in HEADS}
    assert {name for name, weight in weights.items() if weight < 0} == {"skip", "not_interested", "report"}


@pytest.mark.mission("NL-01")
def test_a_rule_that_is_set_otherwise_is_told_otherwise() -> None:
    rules = {each["name"]: each["value"] for each in told(feed=replace(FeedSettings(), author_gap=9))["rules"]}
    assert rules["author_gap"] == 9
    assert rules["exploration"] == FeedSettings().exploration


@pytest.mark.mission("NL-15")
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_family_says_what_it_is_and_what_one_can_do_about_it(language: str) -> None:
    families = told(language)["families"]
    assert all(each["about"] and each["you_can"] and each["label"] for each in families)
    assert len({each["about"] for each in families}) == len(families)
    assert told(language)["not_used"]


def test_the_languages_say_different_things() -> None:
    assert len({told(language)["plain"] for language in LANGUAGES}) == len(LANGUAGES)
    assert len({told(language)["outcomes"][5]["label"] for language in LANGUAGES}) == len(LANGUAGES)


def test_what_is_switched_off_is_no_factor() -> None:
    assert "demographics" in {each["family"] for each in told()["families"]}
    assert "demographics" not in {each["family"] for each in told(demographics=False)["families"]}


def test_influence_is_the_share_of_what_moved_the_scores_up_or_down() -> None:
    found, videos = influences([slate(behaviour=0.6, device=-0.2), slate(behaviour=-0.2, variety=5.0)])
    assert videos == 2
    assert found["behaviour"] == pytest.approx(0.8)
    assert found["device"] == pytest.approx(0.2)


def test_where_nothing_was_explained_yet_influence_is_unknown() -> None:
    assert {each["influence"] for each in told()["families"]} == {None}


def test_a_language_that_is_not_spoken_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="en, nl, nb"):
        told("fr")
