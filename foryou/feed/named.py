"""What viewers steer by, in the words of events: authors, sounds, hashtags and words, by name instead of by id."""

from __future__ import annotations

from foryou.core.errors import InvalidEvent
from foryou.core.ids import id_of
from foryou.core.ports import Documents
from foryou.features.documents import name_of, topic_name
from foryou.features.interests import AUTHOR, SOUND, TOPIC

FIELD_OF = {AUTHOR: "author", SOUND: "sound", TOPIC: "hashtag"}
"""The field of an event that names a target of each kind of interest that can be steered by."""
FIELDS = tuple(FIELD_OF.values())
_DOCUMENT = {"author": "author", "sound": "sound", "hashtag": "topic"}


def target_of(field: str, name: str) -> int:
    """The id of an author, sound or hashtag. InvalidEvent for anything else."""
    if field not in FIELDS:
        raise InvalidEvent("kind", f"{field[:50]!r} is nothing to steer by", f"one of {', '.join(FIELDS)}")
    if not name:
        raise InvalidEvent("name", "is empty", f"the name of the {field}")
    return id_of(_DOCUMENT[field], topic_name(name) if field == "hashtag" else name)


def named(documents: Documents, field: str, number: int) -> str:
    """The name of an author, sound or hashtag; its number where it was never sent."""
    return name_of(documents, _DOCUMENT[field], number)


def found(documents: Documents, number: int) -> tuple[str, str]:
    """Which an id is, and its name; a hashtag where nobody ever said a name."""
    for field in FIELDS:
        if documents.get(_DOCUMENT[field], [number])[0] is not None:
            return field, named(documents, field, number)
    return "hashtag", str(number)
