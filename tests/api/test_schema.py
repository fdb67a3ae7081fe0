"""Wire events become columns, or are refused one by one with what would be right."""

from collections.abc import Mapping

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.api.decode import decode, from_lines, from_objects
from foryou.api.schema import FIELDS, KIND_OF, Refusal, to_columns
from foryou.core.batch import Batch
from foryou.core.errors import InvalidEvent
from foryou.core.event import EVENT, KINDS, UNKNOWN, Kind
from foryou.core.ids import id_of

NOW = 1_700_000_000_000
LIKE: Mapping[str, object] = {"id": "e1", "kind": "like", "viewer": "ada", "video": "v7"}
VALUES: Mapping[str, object] = {
    "id": "e", "at": NOW - 5, "viewer": "ada", "video": "v7", "author": "bo", "request": "77", "session": "s1",
    "surface": "for_you", "position": 3, "seconds": 2.5, "furthest": 2.0, "replays": 1, "long_view": True,
    "text": "cats", "hashtag": "#Cats", "duration": 12.5, "caption": "a cat", "description": "a cat, asleep",
    "hashtags": ["#Cats", "sleep", "cats"], "sound": "purr", "effects": ["slow"], "series": "naps", "episode": 2,
    "language": "nb", "uploaded": NOW - 900, "width": 720, "height": 1280, "age": "25-34", "gender": "f",
    "country": "NO", "device": "phone", "device_id": "d7f3", "network": "n05c", "sharer": "bob",
    "time_zone": "Europe/Oslo", "novelty": 0.5, "media": "/media/v7.mp4", "poster": "https://cdn.example/v7.webp",
    "subtitles": "/media/v7.vtt",
    "niche": -0.5, "length": 1, "languages": ["nb", "en"], "demographics": False, "pause_until": NOW + 9,
    "about": "topic", "word": "spoiler", "strength": 1.5, "name": "before the holidays", "comment": "c1",
    "parent": "c0", "reply_video": "v8", "collection": "recipes", "liked_public": True,
}  # fmt: skip
"""A right value for every field."""


def columns(*rows: Mapping[str, object]) -> tuple[Batch, list[Refusal]]:
    return to_columns(decode(msgspec.json.encode(rows)), NOW)


def accepted(**fields: object) -> Batch:
    batch, refused = columns({**LIKE, **fields})
    assert refused == []
    return batch


def refused(row: object) -> Refusal:
    batch, refusals = to_columns(decode(msgspec.json.encode([row])), NOW)
    assert len(batch) == 0
    assert refusals[0].index == 0
    return refusals[0]


def full(kind: Kind) -> dict[str, object]:
    """An event with everything that its kind can carry."""
    rule = KINDS[kind]
    chosen = rule.one_of[-1:] if rule.only_one else rule.one_of
    return {name: VALUES[name] for name in ("id", "at", *rule.needs, *chosen, *rule.may)} | {"kind": kind.wire}


def test_every_field_that_a_kind_can_have_is_a_wire_field() -> None:
    assert {name for kind in Kind for name in full(kind)} == set(FIELDS)


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.wire)
def test_every_kind_is_accepted_with_all_that_it_may_carry(kind: Kind) -> None:
    batch, refusals = columns(full(kind))
    assert refusals == []
    assert batch["kind"].tolist() == [kind]
    assert tuple(batch) == tuple(field.name for field in EVENT)


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.wire)
def test_every_kind_is_refused_without_what_it_needs_and_with_what_is_not_its_own(kind: Kind) -> None:
    rule = KINDS[kind]
    for name in rule.needs:
        no = refused({key: value for key, value in full(kind).items() if key != name})
        assert (no.field, no.problem, no.expected) == (name, f"is missing from this {kind.wire}", FIELDS[name])
    for name in set(FIELDS) - set(full(kind)) - set(rule.one_of):
        no = refused({**full(kind), name: VALUES[name]})
        assert (no.field, no.problem) == (name, f"does not belong to a {kind.wire}")
    if rule.one_of:
        no = refused({key: value for key, value in full(kind).items() if key not in rule.one_of})
        assert (no.field, no.expected) == (rule.one_of[0], f"{rule.choice} {', '.join(rule.one_of)}")


@pytest.mark.parametrize("kind", ["hide", "unhide"])
@pytest.mark.parametrize("names", [("author", "sound"), ("sound", "hashtag"), ("author", "sound", "hashtag")])
def test_a_hide_is_of_exactly_one_thing(kind: str, names: tuple[str, ...]) -> None:
    no = refused({"id": "h", "kind": kind, "viewer": "ada", **{name: VALUES[name] for name in names}})
    assert (no.field, no.problem) == (names[1], f"is one too many in this {kind}")
    assert no.expected == "exactly one of author, sound, hashtag, word"


def test_no_hashtags_are_left_out_not_sent_empty() -> None:
    no = refused({"id": "v", "kind": "video", "video": "v1", "hashtags": []})
    assert (no.field, no.problem) == ("hashtags", "is empty")
    assert "leave it out to keep what there is" in no.expected


@pytest.mark.parametrize(
    ("row", "field", "problem"),
    [
        ({**LIKE, "id": ""}, "id", "is empty"),
        ({**full(Kind.PREFER), "strength": 2.5}, "strength", "is above 2.0"),
        ({**full(Kind.VIEWER), "languages": ["nb"] * 9}, "languages", "is longer than 8"),
        ({**full(Kind.VIEWER), "demographics": 1}, "demographics", "is of type int"),
        (
            {**full(Kind.VIEWER), "pause_until": "2004-12-31T23:59:59Z"},
            "pause_until",
            "2004-12-31T23:59:59+00:00 is before 2005",
        ),
        ({**full(Kind.NOT_INTERESTED), "about": "weather"}, "about", "'weather' is nothing to dislike"),
        ({**full(Kind.HIDE), "word": "?!"}, "word", "has no letter and no digit"),
        ({**full(Kind.HIDE), "word": "\u732b" * 50}, "word", "is too long"),
        ({**full(Kind.SNAPSHOT), "name": "n" * 41}, "name", "is longer than 40"),
        ({**LIKE, "id": 7}, "id", "is of type int"),
        ({**LIKE, "id": None}, "id", "is of type null"),
        ({**LIKE, "viewer": ""}, "viewer", "is empty"),
        ({**LIKE, "viewer": "v" * 257}, "viewer", "is longer than 256"),
        ({"kind": "like"}, "id", "is missing"),
        ({"id": "e"}, "kind", "is missing"),
        ({**LIKE, "kind": "lik"}, "kind", "there is no kind 'lik'"),
        ({**LIKE, "colour": "red"}, "colour", "is no field here"),
        ({**LIKE, "at": -1}, "at", "is below 1104537600000"),
        ({**LIKE, "at": 1_700_000_000}, "at", "is below 1104537600000"),
        ({**LIKE, "at": "2004-12-31T23:59:59Z"}, "at", "2004-12-31T23:59:59+00:00 is before 2005"),
        ({**LIKE, "at": "yesterday"}, "at", "is no time that can be read"),
        ({**LIKE, "at": "2024-01-01T00:00:00"}, "at", "has no offset from UTC"),
        ({**LIKE, "at": 1.7e12}, "at", "is of type float"),
        ({**LIKE, "at": 10**40}, "at", "is above 253370764800000"),
        ({**LIKE, "position": -1}, "position", "is below 0"),
        ({**LIKE, "position": 1 << 20}, "position", "is above 32767"),
        ({**LIKE, "request": "12a"}, "request", "'12a' is no request"),
        ({**LIKE, "request": "0"}, "request", "'0' is no request"),
        ({**LIKE, "request": "9223372036854775808"}, "request", "'9223372036854775808' is no request"),
        ({**full(Kind.WATCH), "seconds": -0.1}, "seconds", "is below 0.0"),
        ({**full(Kind.WATCH), "seconds": 1e9}, "seconds", "is above 1000000.0"),
        ({**full(Kind.WATCH), "long_view": 1}, "long_view", "is of type int"),
        ({**full(Kind.VIDEO), "duration": 0}, "duration", "is not above 0"),
        ({**full(Kind.VIDEO), "hashtags": ["#"]}, "hashtags", "has an empty one"),
        ({**full(Kind.VIDEO), "hashtags": "#cats"}, "hashtags", "is of type str"),
        ({**full(Kind.VIDEO), "width": 0}, "width", "is empty"),
        ({**full(Kind.VIEWER), "time_zone": "Europe"}, "time_zone", "'Europe' is no time zone"),
        ({**full(Kind.VIEWER), "time_zone": "../etc"}, "time_zone", "'../etc' is no time zone"),
        ({**full(Kind.PREFER), "hashtag": " # "}, "hashtag", "is empty"),
        (3, "event", "is of type int"),
        ([], "event", "is of type array"),
        (None, "event", "is of type null"),
    ],
)
def test_a_wrong_row_is_refused_with_its_field_and_problem(row: object, field: str, problem: str) -> None:
    no = refused(row)
    assert (no.field, no.problem) == (field, problem.replace("is empty", "is below 1") if field == "width" else problem)
    assert no.expected


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_refused_however_they_are_packed(seconds: float) -> None:
    body = msgspec.msgpack.encode([{**full(Kind.WATCH), "seconds": seconds}])
    batch, refusals = to_columns(decode(body, packed=True), NOW)
    assert (len(batch), refusals[0].field) == (0, "seconds")


def test_one_bad_row_never_sinks_a_batch() -> None:
    batch, refusals = columns(LIKE, {**LIKE, "viewer": 3}, {**LIKE, "id": "e2"}, {**LIKE, "request": "x"})
    assert batch["id"].tolist() == [id_of("event", "e1"), id_of("event", "e2")]
    assert [(no.index, no.field) for no in refusals] == [(1, "viewer"), (3, "request")]


def test_names_become_the_ids_of_their_kind_and_what_was_not_sent_is_none() -> None:
    batch = accepted(session="s1", surface="for_you", request="77", position=3)
    found = {name: int(batch[name][0]) for name in ("viewer", "video", "author", "session", "surface", "request")}
    assert found == {
        "viewer": id_of("viewer", "ada"),
        "video": id_of("video", "v7"),
        "author": 0,
        "session": id_of("session", "s1"),
        "surface": id_of("surface", "for_you"),
        "request": 77,
    }
    assert (batch["position"][0], batch["seconds"][0], batch["long_view"][0]) == (3, UNKNOWN, UNKNOWN)


@pytest.mark.parametrize(
    ("at", "ms"),
    [
        (NOW - 1, NOW - 1),
        ("2023-11-14T22:13:19Z", NOW - 1000),
        ("2023-11-14T23:13:19.5+01:00", NOW - 500),
        (None, NOW),
        (NOW + 60_000, NOW),
        ("2040-01-01T00:00:00Z", NOW),
    ],
)
def test_an_event_happened_at_its_own_time_but_never_after_it_was_received(at: object, ms: int) -> None:
    batch = accepted(at=at)
    assert (batch["at"][0], batch["received"][0]) == (ms, NOW)
    assert msgspec.msgpack.decode(batch["raw"][0])["at"] == ms


def test_raw_is_the_event_as_it_was_sent() -> None:
    sent = full(Kind.VIDEO)
    assert msgspec.msgpack.decode(columns(sent)[0]["raw"][0]) == sent


def test_hashtags_are_topics_whatever_their_case_and_sign_each_counted_once() -> None:
    batch, _ = columns(full(Kind.VIDEO), full(Kind.PREFER))
    cats, sleep = id_of("topic", "cats"), id_of("topic", "sleep")
    assert batch["topics"][:, :3].tolist() == [[cats, sleep, 0], [cats, 0, 0]]


def test_a_time_zone_is_the_minutes_east_of_utc_at_the_time_of_the_event() -> None:
    times = ("2023-07-01T12:00:00Z", "2023-01-01T12:00:00Z")
    summer, winter = ({**full(Kind.VIEWER), "id": at, "at": at} for at in times)
    kolkata = {**full(Kind.VIEWER), "time_zone": "Asia/Kolkata"}
    batch, _ = columns(summer, winter, kolkata, LIKE)
    assert batch["offset"].tolist() == [120 + 1440, 60 + 1440, 330 + 1440, UNKNOWN]


@pytest.mark.parametrize("body", [b"", b"[", b"3", b'"x"', b"null", b"[]", b"\xff", b'[{"id": "a"', b"[" * 100_000])
def test_a_body_that_is_no_array_of_events_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InvalidEvent, match="1 to 1,000 events"):
        decode(body)


def test_a_body_has_at_most_a_thousand_events_and_a_single_one_may_stand_alone() -> None:
    with pytest.raises(InvalidEvent, match="has 1,001 events"):
        decode(msgspec.json.encode([LIKE] * 1_001))
    for packed, encode in ((False, msgspec.json.encode), (True, msgspec.msgpack.encode)):
        assert len(to_columns(decode(encode(LIKE), packed), NOW)[0]) == 1
        assert to_columns(decode(encode({"id": 3}), packed), NOW)[1][0].field == "id"


def test_lines_are_read_one_by_one_where_one_of_them_is_broken() -> None:
    good = msgspec.json.encode(LIKE)
    batch, refusals = to_columns(from_lines([good, b'{"id": ', good]), NOW)
    assert (len(batch), [no.index for no in refusals]) == (2, [1])


def test_texts_stand_for_numbers_only_where_that_is_allowed() -> None:
    row = {**full(Kind.WATCH), "seconds": "2.5", "replays": "1", "long_view": "true", "at": str(NOW)}
    assert len(to_columns(from_objects([row], strict=False), NOW)[0]) == 1
    assert len(to_columns(from_objects([row]), NOW)[0]) == 0


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
almost = st.fixed_dictionaries(
    {"id": st.text(max_size=5) | anything, "kind": st.sampled_from(sorted(KIND_OF)) | anything},
    optional={name: st.just(VALUES[name]) | anything for name in FIELDS if name not in ("id", "kind")},
)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(almost | anything, min_size=1, max_size=6))
def test_any_row_is_accepted_or_refused_with_its_index_and_field_and_nothing_raises(rows: list[object]) -> None:
    for found in (from_objects(rows), decode(msgspec.json.encode(rows))):
        batch, refusals = to_columns(found, NOW)
        assert len(batch) + len(refusals) == len(rows)
        assert all(no.field and no.problem and no.expected for no in refusals)
        indices = [no.index for no in refusals]
        assert indices == sorted(set(indices))
        assert np.isfinite(batch["seconds"]).all()
        assert (batch["at"] <= NOW).all()
        assert (batch["id"] != 0).all()


@pytest.mark.parametrize("field", ["media", "poster", "subtitles"])
@pytest.mark.parametrize(
    ("link", "right"),
    [
        ("/media/v1-0a.mp4", True),
        ("https://cdn.example/a/b.mp4?x=1#t", True),
        ("http://127.0.0.1:9000/a.vtt", True),
        ("//cdn.example/a.mp4", False),
        ("media/a.mp4", False),
        ("javascript:alert(1)", False),
        ("data:video/mp4;base64,AA", False),
        ("https:///a.mp4", False),
        ('https://a.example/"><script>', False),
        ("/a b.mp4", False),
        ("/\\cdn.example/a.mp4", False),
    ],
)
def test_links_of_a_video_are_paths_or_web_addresses(field: str, link: str, right: bool) -> None:
    rows, refused = columns({"id": "e", "kind": "video", "video": "v", field: link})
    assert (len(rows), [(no.field, "no path" in no.problem) for no in refused]) == (
        (1, []) if right else (0, [(field, True)])
    )
