"""How For You works, told from what it runs with: the weights, rules and factor families that are in use now, and how
much each family really moved the latest videos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from foryou.core.errors import InvalidEvent
from foryou.core.heads import HEADS
from foryou.core.inputs import FAMILIES, INPUTS
from foryou.features.reach_settings import ReachSettings
from foryou.feed.how_words import ABOUT, ACTIONS, NOT_USED, OUTCOME_WORDS, PLAIN, RULE_WORDS
from foryou.feed.recipe import FeedSettings
from foryou.feed.words import FAMILY_WORDS, LANGUAGES

LATEST = 100
"""Slates whose explanations say how much each family counts."""
PERSONAL = ("behaviour", "similar", "usage", "demographics", "device")
"""Families that are about the viewer."""


def how(
    feed: FeedSettings,
    reach: ReachSettings,
    demographics: bool,
    explained: Iterable[Sequence[Mapping[str, object]]],
    language: str,
) -> dict[str, object]:
    """Everything that decides, with its present weight, in a language of LANGUAGES (InvalidEvent otherwise).

    `explained` are explanations of slates as they were logged. The `influence` of a family is its share of all that
    moved the scores of these: sum of |part| over the sum for all families; None where nothing was explained yet.
    """
    if language not in LANGUAGES:
        raise InvalidEvent("language", f"{language!r} is not spoken here", f"one of {', '.join(LANGUAGES)}")
    say = LANGUAGE_PLACE[language]
    influence, videos = influences(explained)
    used = [name for name in FAMILIES if demographics or name != "demographics"]
    return {
        "language": language,
        "outcomes": [
            {"head": head.name, "label": OUTCOME_WORDS[head.name][say], "weight": head.weight} for head in HEADS
        ],
        "families": [
            {
                "family": name,
                "label": FAMILY_WORDS[language][name],
                "about": ABOUT[name][say],
                "you_can": ACTIONS[name][say],
                "personal": name in PERSONAL,
                "inputs": sum(each.family == name for each in INPUTS),
                "influence": round(influence[name], 4) if videos else None,
            }
            for name in used
        ],
        "videos": videos,
        "rules": [
            {"name": name, "label": words[say], "value": getattr(feed, name)} for name, words in RULE_WORDS.items()
        ],
        "reach": {"audiences": list(reach.audiences), "hours": reach.hours, "chance": reach.chance},
        "not_used": [sentence[say] for sentence in NOT_USED],
        "plain": PLAIN[say],
    }


LANGUAGE_PLACE = {language: place for place, language in enumerate(("en", "nl", "nb"))}
"""Where the texts of a language stand in `how_words`."""


def influences(explained: Iterable[Sequence[Mapping[str, object]]]) -> tuple[Mapping[str, float], int]:
    """The share of each family in what moved the scores of explained videos, and how many videos these were."""
    moved, videos = Counter[str](), 0
    for slate in explained:
        for video in slate:
            parts = _parts(video)
            videos += bool(parts)
            moved.update(parts)
    total = sum(moved.values()) or 1.0
    return {name: moved[name] / total for name in FAMILIES}, videos


def _parts(video: Mapping[str, object]) -> dict[str, float]:
    families = video["families"]
    assert isinstance(families, list)
    return {each["family"]: abs(each["part"]) for each in families if each["family"] in FAMILIES}
