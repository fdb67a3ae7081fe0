"""The one flat schema of everything that happens: videos, viewers, what was shown and what people did.

The wire has names (strings); here are ids (int64), numbers and times (ms UTC). `raw` keeps the event as it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.table import Field

TOPICS = 8
"""How many of a video's hashtags are kept as topics."""


class Kind(IntEnum):
    """What an event says. The numbers are in logs: add, never renumber."""

    VIDEO = 1
    REMOVE = 2
    VIEWER = 3
    IMPRESSION = 10
    WATCH = 11
    LIKE = 20
    UNLIKE = 21
    COMMENT = 22
    UNCOMMENT = 23
    SHARE = 24
    SAVE = 26
    UNSAVE = 27
    FOLLOW = 28
    UNFOLLOW = 29
    VISIT = 30
    SEARCH = 31
    NOT_INTERESTED = 40
    INTERESTED = 41
    HIDE = 42
    UNHIDE = 43
    REPORT = 44
    BLOCK = 46
    UNBLOCK = 47
    SEEN = 48
    PREFER = 50
    FORGET = 51
    REFRESH = 52
    SNAPSHOT = 53
    RESTORE = 54
    UNSNAPSHOT = 55
    LIKE_COMMENT = 60
    UNLIKE_COMMENT = 61
    PIN = 62
    UNPIN = 63
    READ = 64

    @property
    def wire(self) -> str:
        """The name in requests and files."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class KindRule:
    """What an event of a kind must and may carry, by wire field name, and what it means.

    Of `one_of` it needs at least one, and with `only_one` no more than that.
    """

    needs: tuple[str, ...]
    may: tuple[str, ...]
    help: str
    one_of: tuple[str, ...] = ()
    only_one: bool = False
    undoes: Kind | None = None

    @property
    def choice(self) -> str:
        """How many of `one_of` it needs, in words."""
        return "exactly one of" if self.only_one else "at least one of"


_ORIGIN = ("device_id", "network")
_CONTEXT = ("request", "session", "surface", "position", *_ORIGIN)
_VIDEO = (
    "author",
    "duration",
    "caption",
    "hashtags",
    "description",
    "sound",
    "effects",
    "series",
    "episode",
    "language",
    "uploaded",
    "width",
    "height",
    "media",
    "poster",
    "subtitles",
)
_VIEWER = (
    "age",
    "gender",
    "country",
    "language",
    "device",
    "time_zone",
    "novelty",
    "niche",
    "length",
    "languages",
    "demographics",
    "pause_until",
    "name",
    "author",
    "liked_public",
)
_TARGETS = ("author", "sound", "hashtag")

KINDS: Mapping[Kind, KindRule] = {
    Kind.VIDEO: KindRule(("video",), _VIDEO, "A video exists, or is now like this; fields left out keep their value."),
    Kind.REMOVE: KindRule(("video",), (), "A video is taken down and never shown again."),
    Kind.VIEWER: KindRule(("viewer",), _VIEWER, "What a viewer told about themselves; everything is optional."),
    Kind.IMPRESSION: KindRule(("viewer", "video"), (*_CONTEXT, "sharer"), "A video was on the viewer's screen."),
    Kind.WATCH: KindRule(
        ("viewer", "video"),
        (*_CONTEXT, "furthest", "replays", "sharer"),
        "How long it was watched; `at` is its start or its end, either will do: an `impression` says when it "
        "began. A swipe after 0.3 s is a skip, and counts as seen.",
        one_of=("seconds", "long_view"),
    ),
    Kind.LIKE: KindRule(("viewer", "video"), _CONTEXT, "The viewer liked the video."),
    Kind.UNLIKE: KindRule(("viewer", "video"), _CONTEXT, "Takes a like back.", undoes=Kind.LIKE),
    Kind.COMMENT: KindRule(
        ("viewer", "video"),
        (*_CONTEXT, "text", "comment", "parent", "reply_video"),
        "The viewer commented; `comment` is its id (the event's, unless it is sent), `parent` the one it answers.",
    ),
    Kind.UNCOMMENT: KindRule(
        ("viewer", "video"),
        (*_CONTEXT, "comment"),
        "Takes a comment back: the one that is named, else the viewer's latest on the video.",
        undoes=Kind.COMMENT,
    ),
    Kind.SHARE: KindRule(("viewer", "video"), _CONTEXT, "The viewer shared the video."),
    Kind.SAVE: KindRule(
        ("viewer", "video"), (*_CONTEXT, "collection"), "The viewer saved the video, in a collection if one is named."
    ),
    Kind.UNSAVE: KindRule(
        ("viewer", "video"),
        (*_CONTEXT, "collection"),
        "Takes a save back: out of the collection that is named, else out of all.",
        undoes=Kind.SAVE,
    ),
    Kind.FOLLOW: KindRule(("viewer", "author"), (*_CONTEXT, "video"), "The viewer follows an author."),
    Kind.UNFOLLOW: KindRule(("viewer", "author"), (*_CONTEXT, "video"), "Takes a follow back.", undoes=Kind.FOLLOW),
    Kind.VISIT: KindRule(("viewer", "author"), (*_CONTEXT, "video"), "The viewer opened an author's profile."),
    Kind.SEARCH: KindRule(("viewer", "text"), ("session", "surface"), "The viewer searched for something."),
    Kind.NOT_INTERESTED: KindRule(
        ("viewer", "video"),
        (*_CONTEXT, "about"),
        "Less like this video, please; with `about` less of its hashtags alone, or of its author alone.",
    ),
    Kind.INTERESTED: KindRule(
        ("viewer", "video"),
        (*_CONTEXT, "about"),
        "Takes a not_interested with the same `about` back.",
        undoes=Kind.NOT_INTERESTED,
    ),
    Kind.HIDE: KindRule(
        ("viewer",),
        ("video", *_ORIGIN),
        "Nothing more of this author, sound or hashtag, or that says this word.",
        one_of=(*_TARGETS, "word"),
        only_one=True,
    ),
    Kind.UNHIDE: KindRule(
        ("viewer",),
        ("video", *_ORIGIN),
        "Takes a hide back.",
        one_of=(*_TARGETS, "word"),
        only_one=True,
        undoes=Kind.HIDE,
    ),
    Kind.REPORT: KindRule(("viewer", "video"), (*_CONTEXT, "text"), "The viewer reported the video."),
    Kind.BLOCK: KindRule(("viewer", "author"), ("video", *_ORIGIN), "Never show this author to this viewer."),
    Kind.UNBLOCK: KindRule(("viewer", "author"), ("video", *_ORIGIN), "Takes a block back.", undoes=Kind.BLOCK),
    Kind.SEEN: KindRule(
        ("viewer", "video"), _CONTEXT, "The viewer knew the video already: not again, and no dislike of anything."
    ),
    Kind.PREFER: KindRule(
        ("viewer", "strength"),
        ("video", *_ORIGIN),
        "How much of this author, sound or hashtag is wanted, whatever was learned.",
        one_of=_TARGETS,
        only_one=True,
    ),
    Kind.FORGET: KindRule(
        ("viewer",),
        _ORIGIN,
        "What was learned of this author, sound or hashtag, or from this video, is not known any more.",
        one_of=(*_TARGETS, "video"),
        only_one=True,
    ),
    Kind.REFRESH: KindRule(
        ("viewer",),
        _ORIGIN,
        "Starts the feed anew: tastes are gone, and kept as the snapshot `before refresh`. Follows, hides, preferences "
        "and what was seen stay.",
    ),
    Kind.SNAPSHOT: KindRule(("viewer", "name"), _ORIGIN, "Keeps the viewer's tastes as they are now, under a name."),
    Kind.RESTORE: KindRule(("viewer", "name"), _ORIGIN, "Tastes are again as they were kept under a name."),
    Kind.UNSNAPSHOT: KindRule(("viewer", "name"), _ORIGIN, "Forgets a snapshot."),
    Kind.LIKE_COMMENT: KindRule(("viewer", "video", "comment"), _ORIGIN, "The viewer liked a comment on the video."),
    Kind.UNLIKE_COMMENT: KindRule(("viewer", "video", "comment"), _ORIGIN, "Takes the like of a comment back."),
    Kind.PIN: KindRule(("viewer", "video", "comment"), _ORIGIN, "The video's author puts a comment above all others."),
    Kind.UNPIN: KindRule(("viewer", "video", "comment"), _ORIGIN, "Takes that back."),
    Kind.READ: KindRule(("viewer",), (), "The viewer has read what their inbox had at that time."),
}

COMMUNITY = (Kind.LIKE_COMMENT, Kind.UNLIKE_COMMENT, Kind.PIN, Kind.UNPIN, Kind.READ)
"""What viewers do among each other: it says nothing of how they like a video, and nothing is learned from it."""
REACTIONS = tuple(kind for kind in Kind if kind >= Kind.IMPRESSION and kind not in COMMUNITY)
CATALOG = (Kind.VIDEO, Kind.REMOVE)
STEERING = (Kind.PREFER, Kind.FORGET, Kind.REFRESH, Kind.SNAPSHOT, Kind.RESTORE, Kind.UNSNAPSHOT)
"""What viewers say of their own feed: no engagement with anything."""
LANGUAGES = 8
"""How many languages a viewer may ask for."""
ANY = -1
"""In place of the languages asked for: all of them."""
LONGEST_NAME = 40
"""Characters of a snapshot's name."""
ABOUT = ("", "topic", "author")
"""What a not_interested is about, by its number; "" is all that the video is."""
WORD = len(ABOUT)
"""What the hide of a word is about."""

UNKNOWN = -1
"""A number that was not sent, where 0 would mean something."""
NOT_SAID = -2
"""The same, where -1 would mean something too."""

EVENT: tuple[Field, ...] = (
    Field("id", "int64", help="the client's id of the event: sent twice, it counts once"),
    Field("kind", "int16"),
    Field("at", "int64", help="when it happened, ms UTC, never after `received`"),
    Field("received", "int64", help="when it was accepted, ms UTC"),
    Field("viewer", "int64"),
    Field("video", "int64"),
    Field("author", "int64"),
    Field("sound", "int64"),
    Field("topics", "int64", TOPICS, help="hashtags, the first eight; the one hashtag, word or name of an act"),
    Field("request", "int64", help="the feed request that showed the video"),
    Field("session", "int64"),
    Field("surface", "int64"),
    Field("position", "int16", default=UNKNOWN),
    Field("seconds", "float32", default=UNKNOWN, help="seconds watched, replays included"),
    Field("furthest", "float32", default=UNKNOWN, help="furthest second reached"),
    Field("replays", "int16", default=UNKNOWN),
    Field("long_view", "int8", default=UNKNOWN, help="1 or 0 where seconds were not measured"),
    Field("duration", "float32", default=UNKNOWN, help="seconds"),
    Field("language", "int64"),
    Field("uploaded", "int64", help="ms UTC"),
    Field("width", "int32"),
    Field("height", "int32"),
    Field("series", "int64"),
    Field("episode", "int32"),
    Field("age", "int64"),
    Field("gender", "int64"),
    Field("country", "int64"),
    Field("device", "int64"),
    Field("device_id", "int64", help="the device that an act came from, for limits only"),
    Field("network", "int64", help="the network that an act came from, for limits only"),
    Field(
        "novelty", "float32", default=NOT_SAID, help="how adventurous a feed is wanted, -1 familiar to 1; -2: not sent"
    ),
    Field("niche", "float32", default=NOT_SAID, help="how little known videos are wanted, -1 to 1; -2: not sent"),
    Field("length", "float32", default=NOT_SAID, help="how long videos are wanted, -1 to 1; -2: not sent"),
    Field("languages", "int64", LANGUAGES, help="of videos that are wanted; -1: all; 0: not sent"),
    Field("demographics", "int8", default=UNKNOWN, help="whether age, gender and country may be used; -1: not sent"),
    Field("pause_until", "int64", default=UNKNOWN, help="until when nothing is learned, ms UTC; -1: not sent"),
    Field("dislike", "int8", help="what is disliked, by its place in ABOUT; 3: a word"),
    Field("strength", "float32", default=UNKNOWN, help="how much of a target is wanted, 0 to 2; -1: not sent"),
    Field("sharer", "int64", help="the viewer whose share brought this one to the video"),
    Field("offset", "int16", default=UNKNOWN, help="minutes east of UTC, from the time zone, plus 1,440; -1: not sent"),
    Field("raw", "object", help="the event as it was sent, MessagePack"),
)


def events(columns: Mapping[str, Column]) -> Batch:
    """A batch with every column of the schema, defaults where `columns` has none."""
    length = len(next(iter(columns.values()))) if columns else 0
    known = {field.name for field in EVENT}
    unknown = set(columns) - known
    if unknown:
        raise ValueError(f"no event column {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return Batch(
        {
            f.name: np.asarray(columns[f.name]).astype(f.dtype, copy=False) if f.name in columns else f.empty(length)
            for f in EVENT
        },
        length,
    )


def of_kinds(batch: Batch, kinds: tuple[Kind, ...]) -> Column:
    """The mask of the rows whose kind is one of these."""
    return np.asarray(_wanted(kinds)[batch["kind"]])


@lru_cache
def _wanted(kinds: tuple[Kind, ...]) -> Column:
    wanted = np.zeros(int(max(Kind)) + 1, np.bool_)
    wanted[list(kinds)] = True
    return wanted
