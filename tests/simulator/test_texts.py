"""What videos say carries their topic, with noise."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.event import TOPICS
from foryou.simulator.texts import SILENT, Subject, grammar, words_of
from foryou.simulator.topics import topics
from foryou.simulator.world import FORMATS, LANGUAGES, Sizes, World, make, words

NAMES = topics(1).names


@pytest.fixture(scope="module")
def world() -> World:
    return make(Sizes(viewers=400, creators=400, videos=3000), 1)


def subject(language: str, form: str, seed: int, leaf: str = "baking", bait: bool = False) -> Subject:
    return Subject(language, leaf, "cooking", form, bait, seed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_for_every_topic_and_format(language: str) -> None:
    phrases = grammar(language)
    assert set(phrases) == {"says", *NAMES}
    assert set(phrases["says"]) == {*FORMATS, "idle", "bait", "more", "small", "tags"}
    for name in NAMES:
        assert set(phrases[name]) == {"doing", "thing", "gear", "tags"}
        assert min(map(len, phrases[name].values())) >= 3
        assert all(each == each.strip() and each for part in phrases[name].values() for each in part)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pattern_can_be_filled_and_hashtags_are_one_word(language: str) -> None:
    phrases = grammar(language)
    for patterns in phrases["says"].values():
        for pattern in patterns:
            assert "{" not in pattern.format(doing="x", thing="y", gear="z")
    for part in phrases.values():
        assert all(" " not in tag and tag == tag.lower() for tag in part["tags"])


def test_the_same_video_says_the_same_and_another_something_else() -> None:
    one = [words_of(subject("nl", "tutorial", seed)) for seed in range(50)]
    assert one == [words_of(subject("nl", "tutorial", seed)) for seed in range(50)]
    assert len({each.caption for each in one}) > 20


def test_a_silent_video_says_nothing() -> None:
    said = words_of(subject("en", "story", SILENT))
    assert (said.caption, said.description, said.hashtags) == ("", "", ())


def test_bait_asks_for_likes() -> None:
    asks = set(grammar("en")["says"]["bait"])
    said = [words_of(subject("en", "story", seed, bait=True)).caption for seed in range(200)]
    assert sum(caption in asks for caption in said) > 100


def test_texts_carry_the_topic_but_not_always(world: World) -> None:
    films, own, empty = world.videos, [], 0
    tags = {name: {tag for each in LANGUAGES for tag in grammar(each)[name]["tags"]} for name in NAMES}
    for n in range(len(films)):
        said = words(world, n)
        empty += not said.caption
        assert len(said.hashtags) <= TOPICS
        own.append(bool({tag.lower() for tag in said.hashtags} & tags[NAMES[films["leaf"][n]]]))
    assert 0.75 < np.mean(own) < 0.95
    assert 0.02 < empty / len(films) < 0.08


def test_some_are_misspelled_and_some_tags_are_english(world: World) -> None:
    said = [words_of(subject("nb", "tutorial", seed, "painting")) for seed in range(400)]
    known = {
        word.lower() for part in ("doing", "thing") for each in grammar("nb")["painting"][part] for word in each.split()
    }
    assert any("akvarell" in each.caption and "male" in each.caption for each in said)
    assert len({w.lower() for each in said for w in each.caption.split()} - known) > 60
    english = set(grammar("en")["painting"]["tags"]) - set(grammar("nb")["painting"]["tags"])
    share = np.mean([bool(english & {tag.lower() for tag in each.hashtags}) for each in said])
    assert 0.2 < share < 0.8


def test_every_language_is_heard(world: World) -> None:
    share = np.bincount(world.videos["language"], minlength=3) / len(world.videos)
    assert share.min() > 0.1
