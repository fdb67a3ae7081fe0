"""What a video says of itself: a caption, a description and hashtags that carry its topic, but not always, and not
only.

Captions come from patterns for each format, filled with words for each topic, in three languages (`grammar/`). Some are
missing, some say nothing, some are misspelled; hashtags are often English, often for everybody, now and then wrong.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TypeAlias

from foryou.simulator.chance import Draws

SILENT = -1
"""The seed of the words of a video that says nothing of itself."""
NO_CAPTION, IDLE, DESCRIBED = 0.05, 0.14, 0.45
"""How often there is no caption, one that could be of any video, and a description."""
TAGLESS, STRAY, BESIDE, ENGLISH = 0.08, 0.04, 0.3, 0.3
"""How often there is no hashtag, a wrong one, one of the second topic; and how many are in English elsewhere."""
BAIT = 0.75
"""How much of what bait says is that, and not its topic."""
TYPO, LOWER, EMOJI, BARE = 0.12, 0.25, 0.2, 0.15
"""How often a caption has a typing error, no capitals, an emoji at its end, or no letters that other keyboards lack."""
_EMOJI = ("😂", "🔥", "❤️", "😅", "✨", "🙌", "👀", "😍")
_BARE = str.maketrans({"å": "a", "ø": "o", "æ": "ae", "ë": "e", "é": "e", "Å": "A", "ï": "i"})

Phrases: TypeAlias = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What words are drawn from: wire names of the language, the main leaf, another one, and the format."""

    language: str
    leaf: str
    beside: str
    format: str
    bait: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Words:
    """A text that somebody left out is empty."""

    caption: str
    description: str
    hashtags: tuple[str, ...]


@lru_cache
def grammar(language: str) -> Mapping[str, Phrases]:
    """The phrases of a language by topic; under `says` the patterns by format, and what is said with no topic."""
    text = (files("foryou.simulator") / "grammar" / f"{language}.toml").read_text("utf-8")
    return {
        topic: {name: tuple(phrases.split(" | ")) for name, phrases in parts.items()}
        for topic, parts in tomllib.loads(text).items()
    }


def words_of(subject: Subject) -> Words:
    """The words of a video: always the same for the same subject."""
    if subject.seed == SILENT:
        return Words("", "", ())
    draws = Draws(subject.seed)
    return Words(_caption(subject, draws), _description(subject, draws), _hashtags(subject, draws))


def _caption(subject: Subject, draws: Draws) -> str:
    says = grammar(subject.language)["says"]
    if draws.happens(NO_CAPTION):
        return ""
    if subject.bait and draws.happens(BAIT):
        return draws.one(says["bait"])
    kind = "idle" if draws.happens(IDLE) else subject.format
    return _typed(_filled(draws.one(says[kind]), subject, draws), draws)


def _description(subject: Subject, draws: Draws) -> str:
    """One or two sentences on the topic, and mostly one that could be under any video."""
    if not draws.happens(DESCRIBED):
        return ""
    says = grammar(subject.language)["says"]
    about = [_filled(each, subject, draws) for each in draws.some(says["more"], 1 + draws.below(2))]
    return " ".join([*about, *draws.some(says["small"], draws.below(3))])


def _hashtags(subject: Subject, draws: Draws) -> tuple[str, ...]:
    """At most eight, in any order."""
    if draws.happens(TAGLESS):
        return ()
    own = [] if subject.bait and draws.happens(BAIT) else _tags(subject, subject.leaf, 1 + draws.below(4), draws)
    beside = _tags(subject, subject.beside, 1, draws) if draws.happens(BESIDE) else []
    phrases = grammar(subject.language)
    everybody = draws.some(phrases["says"]["tags"], draws.below(4))
    stray = [draws.one(phrases[draws.one(tuple(phrases)[1:])]["tags"])] if draws.happens(STRAY) else []
    tags = [*own, *beside, *everybody, *stray]
    return tuple(dict.fromkeys(draws.some(tuple(tags), 8)))


def _tags(subject: Subject, leaf: str, count: int, draws: Draws) -> list[str]:
    """Hashtags of a topic, some of them in English, some in another spelling."""
    found = []
    for own, english in zip(
        draws.some(grammar(subject.language)[leaf]["tags"], count),
        draws.some(grammar("en")[leaf]["tags"], count),
        strict=False,
    ):
        tag = english if draws.happens(ENGLISH) else own
        tag = tag.translate(_BARE) if draws.happens(BARE) else tag
        found.append(tag.capitalize() if draws.happens(0.1) else tag)
    return found


def _filled(pattern: str, subject: Subject, draws: Draws) -> str:
    """A sentence of a pattern, beginning with a capital."""
    topic = grammar(subject.language)[subject.leaf]
    filled = pattern.format(**{name: draws.one(topic[name]) for name in ("doing", "thing", "gear")})
    return filled[0].upper() + filled[1:]


def _typed(text: str, draws: Draws) -> str:
    """As somebody types it on a phone."""
    if draws.happens(TYPO):
        text = _mistyped(text, draws)
    if draws.happens(BARE):
        text = text.translate(_BARE)
    if draws.happens(LOWER):
        text = text.lower()
    return f"{text} {draws.one(_EMOJI)}" if draws.happens(EMOJI) else text


def _mistyped(text: str, draws: Draws) -> str:
    """Two letters of one word in the wrong order, or one left out."""
    words = text.split(" ")
    long = [place for place, word in enumerate(words) if len(word) > 4]
    if not long:
        return text
    place = long[draws.below(len(long))]
    word, at = words[place], 1 + draws.below(len(words[place]) - 3)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    words[place] = swapped if draws.happens(0.6) else word[:at] + word[at + 1 :]
    return " ".join(words)
