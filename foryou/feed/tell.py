"""Explanations as they are answered: names for ids, words for numbers."""

from __future__ import annotations

from collections.abc import Mapping

from foryou.core.errors import InvalidEvent
from foryou.core.heads import HEADS
from foryou.core.ports import Documents
from foryou.features.documents import name_of
from foryou.feed.recipe import BESIDE, SOURCES
from foryou.feed.words import FAMILY_WORDS, LANGUAGES, in_words

_HELP = {head.name: head.help for head in HEADS}

_AS_LOGGED = (
    *("at", "surface", "position", "score", "propensity", "exploration", *BESIDE, "variety", "explored", "model"),
    *("moved", "candidates", "found", "without_strongest", "baited"),
)


def tell(
    documents: Documents, request: str, video: str, told: Mapping[str, object], language: str
) -> dict[str, object]:
    """An explanation as it was logged, ready for people, in a language of LANGUAGES (InvalidEvent otherwise)."""
    if language not in LANGUAGES:
        raise InvalidEvent("language", f"{language!r} is not spoken here", f"one of {', '.join(LANGUAGES)}")
    number = told["source"]
    assert isinstance(number, int)
    source = SOURCES[number] if told["surface"] == "for_you" else str(told["surface"])
    return {
        "request": request,
        "video": video,
        **{name: told[name] for name in _AS_LOGGED if name in told},
        "explained_with": told.get("explained_with", told["model"]),
        "source": source,
        "sources": [SOURCES[bit] for bit in _list(told["sources"]) if isinstance(bit, int)]
        if told["surface"] == "for_you"
        else [source],
        "heads": [{**_dict(head), "help": _HELP[str(_dict(head)["head"])]} for head in _list(told["heads"])],
        "neutral": told["neutral"],
        "families": [
            {**_dict(each), "label": FAMILY_WORDS[language][str(_dict(each)["family"])]}
            for each in _list(told["families"])
        ],
        "words": in_words(told, source, language, lambda kind, each: name_of(documents, kind, each)),
    }


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def _dict(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
