"""What goes over the wire, and the one conversion of wire events into columns.

A row that cannot be accepted becomes a `Refusal` and never sinks its batch. Nothing here knows the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, TypeAlias, get_type_hints
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta, Struct

from foryou.api.columns import KIND_OF, columns_of
from foryou.core.batch import Batch
from foryou.core.errors import InvalidEvent
from foryou.core.event import (
    ABOUT,
    KINDS,
    LANGUAGES,
    LONGEST_NAME,
    Kind,
    KindRule,
)
from foryou.features.documents import topic_name
from foryou.features.mentions import LONGEST_WORD, word_name

EARLIEST = int(datetime(2005, 1, 1, tzinfo=UTC).timestamp() * 1000)
LATEST = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp() * 1000)

MOST_COMMENT = 2_000
"""Characters of a comment."""

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]
Names: TypeAlias = Annotated[list[Name], Meta(max_length=100)]
Text: TypeAlias = Annotated[str, Meta(max_length=10_000)]
Link: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2_048)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=32_767)]
Pixels: TypeAlias = Annotated[int, Meta(ge=1, le=65_536)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e6)]
Level: TypeAlias = Annotated[float, Meta(ge=-1, le=1)]
_LINK = "a path of this server such as /media/v7.mp4, or a web address (https or http)"
Codes: TypeAlias = Annotated[list[Name], Meta(max_length=LANGUAGES)]
Strength: TypeAlias = Annotated[float, Meta(ge=0, le=2)]
Word: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Label: TypeAlias = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Pause: TypeAlias = Annotated[int, Meta(ge=0, le=LATEST)] | Annotated[datetime, Meta(tz=True)]
Time: TypeAlias = Annotated[int, Meta(ge=EARLIEST, le=LATEST)] | Annotated[datetime, Meta(tz=True)]


class Event(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Something that happened, or something that is: one flat record for every kind."""

    id: Annotated[Name, Meta(description="the client's own id of the event, sent twice, it counts once")]
    kind: Annotated[str, Meta(description="what the event says", extra_json_schema={"enum": sorted(KIND_OF)})]
    at: Annotated[
        Time | None,
        Meta(description="when it happened: ms since 1970 UTC or an RFC 3339 time with its offset, from 2005 on"),
    ] = None
    viewer: Annotated[Name | None, Meta(description="the viewer's id, a string of 1 to 256 characters")] = None
    video: Annotated[Name | None, Meta(description="the video's id, a string of 1 to 256 characters")] = None
    author: Annotated[Name | None, Meta(description="the author's id, a string of 1 to 256 characters")] = None
    request: Annotated[Name | None, Meta(description="the `request` of the feed answer that showed the video")] = None
    session: Annotated[Name | None, Meta(description="the id of the viewer's session, 1 to 256 characters")] = None
    surface: Annotated[Name | None, Meta(description="where it happened, such as for_you, 1 to 256 characters")] = None
    position: Annotated[Count | None, Meta(description="the position in the slate, a whole number from 0")] = None
    seconds: Annotated[Seconds | None, Meta(description="seconds watched with replays, from 0 to 1,000,000")] = None
    furthest: Annotated[Seconds | None, Meta(description="the furthest second reached, from 0 to 1,000,000")] = None
    replays: Annotated[Count | None, Meta(description="how many times it started again, a whole number from 0")] = None
    long_view: Annotated[bool | None, Meta(description="true or false, where seconds were not measured")] = None
    text: Annotated[Text | None, Meta(description="the comment, query or reason, at most 10,000 characters")] = None
    comment: Annotated[Name | None, Meta(description="the id of a comment, a string of 1 to 256 characters")] = None
    parent: Annotated[Name | None, Meta(description="the id of the comment that this one answers")] = None
    reply_video: Annotated[Name | None, Meta(description="the id of a video that answers a comment")] = None
    collection: Annotated[Name | None, Meta(description="the name of a collection, 1 to 256 characters")] = None
    hashtag: Annotated[Name | None, Meta(description="one hashtag, with or without #")] = None
    duration: Annotated[Seconds | None, Meta(description="the video's length in seconds, above 0")] = None
    caption: Annotated[Text | None, Meta(description="a text of at most 10,000 characters")] = None
    description: Annotated[Text | None, Meta(description="a text of at most 10,000 characters")] = None
    hashtags: Annotated[Names | None, Meta(description="1 to 100 hashtags, with or without #")] = None
    sound: Annotated[Name | None, Meta(description="the sound's id, a string of 1 to 256 characters")] = None
    effects: Annotated[Names | None, Meta(description="at most 100 names of effects")] = None
    series: Annotated[Name | None, Meta(description="the series' id, a string of 1 to 256 characters")] = None
    episode: Annotated[Count | None, Meta(description="the number in the series, a whole number from 0")] = None
    language: Annotated[Name | None, Meta(description="a language code such as en, nb or nl")] = None
    uploaded: Annotated[
        Time | None, Meta(description="when it was uploaded: ms since 1970 UTC or an RFC 3339 time with its offset")
    ] = None
    width: Annotated[Pixels | None, Meta(description="the picture's width in pixels, 1 to 65,536")] = None
    height: Annotated[Pixels | None, Meta(description="the picture's height in pixels, 1 to 65,536")] = None
    media: Annotated[Link | None, Meta(description=f"where the video's file is: {_LINK}")] = None
    poster: Annotated[Link | None, Meta(description=f"where its still picture is: {_LINK}")] = None
    subtitles: Annotated[Link | None, Meta(description=f"where its WebVTT subtitles are: {_LINK}")] = None
    age: Annotated[Name | None, Meta(description="an age band such as 25-34")] = None
    gender: Annotated[Name | None, Meta(description="a gender, in the words of your own app")] = None
    country: Annotated[Name | None, Meta(description="a country code such as NL")] = None
    device: Annotated[Name | None, Meta(description="a device class such as phone or tablet")] = None
    device_id: Annotated[
        Name | None, Meta(description="the device, as a salted hash of 1 to 256 characters; for limits only")
    ] = None
    network: Annotated[
        Name | None, Meta(description="the network, as a salted hash of 1 to 256 characters; for limits only")
    ] = None
    sharer: Annotated[
        Name | None,
        Meta(description="the viewer whose share brought this viewer to the video; `surface` is then shared"),
    ] = None
    time_zone: Annotated[Name | None, Meta(description="an IANA time zone such as Europe/Oslo")] = None
    novelty: Annotated[
        Level | None, Meta(description="how adventurous a feed is wanted, from -1 (familiar) over 0 to 1 (adventurous)")
    ] = None
    niche: Annotated[
        Level | None, Meta(description="what is wanted, from -1 (what many watch) over 0 to 1 (what few know)")
    ] = None
    length: Annotated[
        Level | None, Meta(description="how long videos are wanted, from -1 (short) over 0 to 1 (long)")
    ] = None
    languages: Annotated[
        Codes | None, Meta(description="the languages of videos that are wanted, at most 8 codes; [] for all")
    ] = None
    demographics: Annotated[
        bool | None, Meta(description="true or false: whether age, gender and country may be used for this viewer")
    ] = None
    pause_until: Annotated[
        Pause | None,
        Meta(description="until when nothing is learned: ms since 1970 UTC or an RFC 3339 time; 0 ends a pause"),
    ] = None
    about: Annotated[
        str | None,
        Meta(description="topic or author: what the dislike is of", extra_json_schema={"enum": list(ABOUT[1:])}),
    ] = None
    word: Annotated[
        Word | None, Meta(description=f"a word or a few, at most {LONGEST_WORD} bytes; whole words, whatever the case")
    ] = None
    strength: Annotated[
        Strength | None, Meta(description="how much is wanted: 0 (none), 1 (as learned) to 2 (twice as much)")
    ] = None
    name: Annotated[Label | None, Meta(description="what others call one, or a snapshot; 1 to 40 characters")] = None
    liked_public: Annotated[bool | None, Meta(description="true or false: whether others see what is liked")] = None


class Refusal(Struct, frozen=True):
    """Why a row was not accepted: its place in the batch, the field, what is wrong and what would be right."""

    index: int
    field: str
    problem: str
    expected: str


class Receipt(Struct, frozen=True):
    """What came of a batch. Accepted events are durable and count in the next feed."""

    accepted: int
    duplicates: int
    refused: list[Refusal]


class Slate(Struct, frozen=True):
    """The answer to a feed request; `request` goes into the events about its items, and explains them."""

    request: str
    surface: str
    model: str
    items: list[dict[str, object]]
    degraded: list[str] = []
    """What it had to do without, and why: `source:NAME:late`, `ranked:NUMBER:late`, `model:failed`, ...; empty
    normally."""
    withheld: list[dict[str, object]] = []
    """Of a slate that is shorter than was asked for: what the viewer wants none of (`kind`, `name`), and how many
    `videos` of it there would be."""


class Problem(Struct, frozen=True):
    """What is wrong with a request."""

    field: str
    problem: str
    expected: str


class Failure(Struct, frozen=True):
    """The one shape of every error answer."""

    error: Problem


Row: TypeAlias = Event | Refusal
"""A row as decoded: an event, or already known to be none."""

FIELDS: dict[str, str] = {
    name: next(meta.description for meta in hint.__metadata__ if meta.description)
    for name, hint in get_type_hints(Event, include_extras=True).items()
}
"""Every wire field with what it should be."""


def to_columns(rows: Sequence[Row], received: int) -> tuple[Batch, list[Refusal]]:
    """The accepted rows as columns of `core.event.EVENT`, in order, and the others with why.

    `received` (ms UTC) is the time of events that have none, and the latest that any event can have.
    """
    kept: list[Event] = []
    raw: list[bytes] = []
    refused: list[Refusal] = []
    for index, row in enumerate(rows):
        if isinstance(row, Refusal):
            refused.append(row)
            continue
        try:
            event = _settled(row, received)
            raw.append(_pack(event))
            kept.append(event)
        except InvalidEvent as error:
            refused.append(Refusal(index, error.field, error.problem, error.expected))
        except UnicodeError:
            refused.append(Refusal(index, "event", "has half a surrogate pair", "valid Unicode"))
    used = {name for kind in {row.kind for row in kept} for name in _RULES[kind].allowed}
    return columns_of(kept, raw, received, used), refused


_pack = msgspec.msgpack.Encoder().encode


class _Rule(Struct, frozen=True):
    """A kind's rule, as getters that look at many fields of an event at once."""

    needs: Callable[[Event], tuple[object, ...]]
    others: Callable[[Event], tuple[object, ...]]
    nothing: tuple[None, ...]
    chooses: bool
    allowed: tuple[str, ...]


def _rule(kind: Kind) -> _Rule:
    rule = KINDS[kind]
    allowed = ("id", "kind", "at", *rule.needs, *rule.one_of, *rule.may)
    others = tuple(name for name in FIELDS if name not in allowed)
    return _Rule(attrgetter("id", *rule.needs), attrgetter(*others), (None,) * len(others), bool(rule.one_of), allowed)


_RULES = {kind.wire: _rule(kind) for kind in Kind}


def _settled(event: Event, received: int) -> Event:
    """The event with its times in ms, none of them after `received`; InvalidEvent if it breaks its kind's rule."""
    rule = _RULES.get(event.kind)
    if rule is None:
        raise InvalidEvent("kind", f"there is no kind {event.kind[:50]!r}", f"one of {', '.join(KIND_OF)}")
    if None in rule.needs(event):
        field = next(name for name in KINDS[KIND_OF[event.kind]].needs if getattr(event, name) is None)
        raise InvalidEvent(field, f"is missing from this {event.kind}", FIELDS[field])
    if rule.others(event) != rule.nothing:
        field = next(name for name in FIELDS if name not in rule.allowed and getattr(event, name) is not None)
        raise InvalidEvent(field, f"does not belong to a {event.kind}", f"only {', '.join(rule.allowed)}")
    if rule.chooses:
        _check_choice(event, KINDS[KIND_OF[event.kind]])
    _check_values(event)
    at = received if event.at is None else min(_ms("at", event.at), received)
    uploaded = None if event.uploaded is None else min(_ms("uploaded", event.uploaded), received)
    pause = None if event.pause_until is None else _ms("pause_until", event.pause_until)
    if at == event.at and uploaded == event.uploaded and pause == event.pause_until:
        return event
    return msgspec.structs.replace(event, at=at, uploaded=uploaded, pause_until=pause)


def _check_choice(event: Event, rule: KindRule) -> None:
    """Whether it has enough, and not too many, of the fields of which its kind needs one."""
    given = [name for name in rule.one_of if getattr(event, name) is not None]
    expected = f"{rule.choice} {', '.join(rule.one_of)}"
    if not given:
        raise InvalidEvent(rule.one_of[0], f"is missing from this {event.kind}", expected)
    if rule.only_one and len(given) > 1:
        raise InvalidEvent(given[1], f"is one too many in this {event.kind}", expected)


def _check_values(event: Event) -> None:
    """What types cannot say."""
    if event.text is not None and event.kind == Kind.COMMENT.wire and not 1 <= len(event.text) <= MOST_COMMENT:
        raise InvalidEvent(
            "text", f"has {len(event.text):,} characters", f"a comment of 1 to {MOST_COMMENT:,} characters"
        )
    if event.duration is not None and event.duration <= 0:
        raise InvalidEvent("duration", "is not above 0", FIELDS["duration"])
    if event.request is not None and not is_request(event.request):
        raise InvalidEvent("request", f"{event.request[:50]!r} is no request", FIELDS["request"])
    if event.time_zone is not None and event.time_zone not in _zones():
        raise InvalidEvent("time_zone", f"{event.time_zone[:50]!r} is no time zone", FIELDS["time_zone"])
    if event.hashtag is not None and not topic_name(event.hashtag):
        raise InvalidEvent("hashtag", "is empty", FIELDS["hashtag"])
    if event.hashtags is not None and not event.hashtags:
        raise InvalidEvent("hashtags", "is empty", f"{FIELDS['hashtags']}; leave it out to keep what there is")
    if event.hashtags is not None and not all(map(topic_name, event.hashtags)):
        raise InvalidEvent("hashtags", "has an empty one", FIELDS["hashtags"])
    if event.about is not None and event.about not in ABOUT[1:]:
        raise InvalidEvent("about", f"{event.about[:50]!r} is nothing to dislike", FIELDS["about"])
    if event.word is not None:
        _check_word(event.word)
    if event.kind == Kind.VIDEO.wire:
        _check_links(event)


def _check_links(event: Event) -> None:
    """Whether a page may be given these to load: whatever else a scheme could start (`javascript:`) stays out."""
    for field in ("media", "poster", "subtitles"):
        link = getattr(event, field)
        if link is not None and not is_link(link):
            raise InvalidEvent(field, f"{link[:50]!r} is no path or web address", FIELDS[field])


def is_link(text: str) -> bool:
    """Whether a text is an absolute path of this server, or an address with http or https.

    >>> [is_link(each) for each in ("/media/a.mp4", "https://cdn.example/a.mp4", "//cdn.example/a.mp4", "data:a")]
    [True, True, False, False]
    """
    return _LINKS.fullmatch(text) is not None


_LINKS = re.compile(r"(?:/(?!/)|https?://[^\s/\\\"<>?#]+(?=[/?#]|\Z))[^\s\\\"<>\x00-\x1f]*", re.ASCII | re.IGNORECASE)


def _check_word(word: str) -> None:
    if not word_name(word):
        raise InvalidEvent("word", "has no letter and no digit", FIELDS["word"])
    if len(word.strip().encode()) > LONGEST_WORD:
        raise InvalidEvent("word", "is too long", FIELDS["word"])


def _ms(field: str, time: int | datetime) -> int:
    if isinstance(time, int):
        return time
    ms = (time - _EPOCH) // timedelta(milliseconds=1)
    if ms < EARLIEST:
        raise InvalidEvent(field, f"{time.isoformat()} is before 2005", FIELDS[field])
    return ms


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_request(text: str) -> bool:
    """Whether a text can be the id of a feed request: a positive int64."""
    return text.isascii() and text.isdecimal() and len(text) <= 19 and 0 < int(text) < 1 << 63


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_time_zone(name: str) -> bool:
    """Whether there is such an IANA time zone."""
    return name in _zones()
