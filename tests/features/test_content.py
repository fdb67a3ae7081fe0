"""The texts of videos as vectors in a table, and what a viewer's taste in texts is."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.backends.open import Backend, open_backend
from foryou.core.event import Kind
from foryou.core.ports import Store
from foryou.features import content
from foryou.features.content import LONGEST, Waiting, text_hash, text_of
from foryou.features.documents import fold_documents
from foryou.features.fold import create_tables, fold_events
from foryou.features.taste import HALF_LIFE, LATEST, NEGATIVES, POSITIVES, PRIOR, TASTE, put_text, tastes
from foryou.text.embedder import DIM
from tests.streams import START, VIDEOS, VIEWERS, Row, catalogue, cut, log, store_of

ME = 7
"""The embedder of these tests."""


def document(**said: object) -> bytes:
    return msgspec.msgpack.encode(said)


def test_a_text_is_caption_then_hashtags_then_description_up_to_a_limit() -> None:
    assert text_of(document(description="long", hashtags=["a", "b"], caption="short")) == "short\na\nb\nlong"
    assert text_of(document(caption="é" * 1000)) == "é" * LONGEST
    assert text_of(document(author="ada")) == text_of(document(caption=" ")) == text_of(None) == ""
    assert text_of(document(hashtags=["12", "7"])) == text_of(document(caption="🔥!")) == ""


def test_no_text_has_no_hash_and_every_text_has_one() -> None:
    assert text_hash("") == 0
    assert len({text_hash(text) for text in ("a", "b", "ab", "a b")} - {0}) == 4


@pytest.fixture
def backend() -> Backend:
    made = open_backend("memory:")
    create_tables(made.store)
    return made


def describe(backend: Backend, video: int, at: int = 0, **said: object) -> np.ndarray:
    """A video event, folded; what is new to be embedded."""
    raw = np.array([msgspec.msgpack.encode({"video": str(video), **said})], object)
    rows = log({"kind": Kind.VIDEO, "video": video, "at": at, "id": video * 1000 + at}).extend({"raw": raw})
    fold_events(backend.store, rows)
    fold_documents(backend.documents, rows)
    return content.hear(backend.store, backend.documents, rows)


def embed(store: Store, video: int, text: str, first: float = 1.0, embedder: int = ME) -> None:
    """As if an embedder had made a vector."""
    vector = np.zeros((1, DIM), np.float32)
    vector[0, 0] = first
    content.fold_vectors(store, content.embedded(np.array([video]), [text], vector, embedder), ME)


def test_what_was_said_waits_until_its_vector_is_folded(backend: Backend) -> None:
    waits = Waiting()
    waits.add(describe(backend, 1, caption="bread"))
    waits.add(describe(backend, 2))
    assert waits.next(backend.store, 10).tolist() == waits.next(backend.store, 10).tolist() == [1]
    assert content.waiting(backend.store) == 1
    embed(backend.store, 1, "bread")
    assert waits.next(backend.store, 10).tolist() == []
    assert (backend.store.read("content", np.array([1, 2]))["text"] != 0).tolist() == [True, False]


def test_the_same_text_again_waits_for_nothing_and_a_changed_one_waits_again(backend: Backend) -> None:
    describe(backend, 1, caption="bread")
    embed(backend.store, 1, "bread")
    assert describe(backend, 1, at=1, caption="bread").tolist() == []
    assert describe(backend, 1, at=2, hashtags=["oven"]).tolist() == [1]
    embed(backend.store, 1, "bread")
    assert content.waiting(backend.store) == 1, "the vector is of what was said before"
    embed(backend.store, 1, "bread\noven")
    assert content.waiting(backend.store) == 0


def test_more_than_memory_holds_waits_in_the_table(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "HELD", 4)
    waits = Waiting()
    for video in range(1, 11):
        waits.add(describe(backend, video, caption=f"number {video}"))
    seen: list[int] = []
    while len(some := waits.next(backend.store, 3)):
        seen += some.tolist()
        for video in some.tolist():
            embed(backend.store, video, f"number {video}")
    assert sorted(seen) == list(range(1, 11))


def test_what_waited_before_a_restart_is_found_in_the_table(backend: Backend) -> None:
    describe(backend, 1, caption="bread")
    assert Waiting().next(backend.store, 10).tolist() == [1]


def test_vectors_of_another_embedder_are_neither_taken_in_nor_kept(backend: Backend) -> None:
    describe(backend, 1, caption="bread")
    embed(backend.store, 1, "bread", embedder=8)
    assert backend.store.read("content", np.array([1]))["text"][0] == 0
    embed(backend.store, 1, "bread")
    assert content.forget_others(backend.store, ME) == (0, 0)
    assert content.forget_others(backend.store, 9) == (1, ME)
    assert content.waiting(backend.store) == 1
    assert not backend.store.read("content", np.array([1]))["vector"].any()


# --- taste ------------------------------------------------------------------------------------------------------------

BREAD, BALL = np.eye(DIM, dtype=np.float32)[:2]


def library(*rows: Row) -> Store:
    """The catalogue of `catalogue`, the even videos on bread and the odd ones on football, the last without a text."""
    store = store_of(catalogue(), log(*rows))
    some = np.array(VIDEOS[:-1])
    vectors = np.stack([BALL if n % 2 else BREAD for n in range(len(some))])
    content.fold_vectors(store, content.embedded(some, [str(each) for each in some], vectors, ME), ME)
    return store


def watched(video: int, seconds: float = 100.0, at: int = 0) -> Row:
    return {"kind": Kind.WATCH, "viewer": VIEWERS[0], "video": video, "seconds": seconds, "at": at}


def fit(store: Store, *video: int, after: int = 0) -> np.ndarray:
    """text_fit of some videos for the first viewer."""
    items = np.array(video)
    when = np.full(len(items), START + after)
    return texts(store, items, when)[0]


def texts(store: Store, item: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """text_fit and has_text of some videos for the first viewer."""
    out = np.empty((len(item), 4), np.float32)
    put_text(store, np.array([VIEWERS[0]]), np.zeros(len(item), np.int64), item, at, out, 0, 3)
    return out[:, :3], out[:, 3]


def test_a_text_like_that_of_a_positive_fits_and_one_positive_is_no_taste_yet() -> None:
    first, second = fit(library(watched(VIDEOS[0])), VIDEOS[2], VIDEOS[1])
    assert first.tolist() == pytest.approx([1 / (1 + PRIOR), 0, 1])
    assert second.tolist() == [0, 0, 0]
    both = fit(library(watched(VIDEOS[0]), watched(VIDEOS[4])), VIDEOS[2])
    assert both[0].tolist() == pytest.approx([2 / (2 + PRIOR), 0, 1], rel=1e-3)


def test_a_text_like_that_of_a_skipped_video_is_told_apart() -> None:
    assert fit(library(watched(VIDEOS[0], 0.5)), VIDEOS[2])[0].tolist() == pytest.approx([0, 1 / (1 + PRIOR), 0])


def test_where_there_is_no_text_nothing_is_said() -> None:
    last = VIDEOS[-1]
    assert not fit(library(watched(last)), VIDEOS[2], last).any()
    _, there = texts(library(), np.array([last, VIDEOS[0]]), np.full(2, START))
    assert there.tolist() == [0, 1]


def test_a_taste_fades() -> None:
    now, later = (fit(library(watched(VIDEOS[0])), VIDEOS[2], after=after)[0, 0] for after in (0, HALF_LIFE))
    assert later == pytest.approx(0.5 / (0.5 + PRIOR), rel=1e-3)
    assert later < now


def test_a_like_that_is_taken_back_leaves_the_taste() -> None:
    act = {"viewer": VIEWERS[0], "video": VIDEOS[0]}
    liked = library({"kind": Kind.LIKE, **act, "at": 0})
    undone = library({"kind": Kind.LIKE, **act, "at": 0}, {"kind": Kind.UNLIKE, **act, "at": 1})
    assert fit(liked, VIDEOS[2])[0, 0] > 0
    assert not fit(undone, VIDEOS[2]).any()


def test_a_caption_that_is_changed_changes_the_taste_of_those_who_liked_the_video() -> None:
    store = library(watched(VIDEOS[0]))
    content.fold_vectors(store, content.embedded(np.array([VIDEOS[0]]), ["now football"], BALL[None], ME), ME)
    bread, ball = fit(store, VIDEOS[2], VIDEOS[1])
    assert not bread.any()
    assert ball[0] > 0


def test_skips_never_push_out_what_was_liked() -> None:
    store = store_of(
        log(
            *({"kind": Kind.WATCH, "viewer": 10, "video": 1000 + n, "seconds": 0.3 if n else 60.0, "at": n}
              for n in range(3 * POSITIVES))
        )
    )  # fmt: skip
    held = store.read(TASTE.name, np.array([10]))
    assert held["good_item"][0][:2].tolist() == [1000, 0]
    assert held["bad_item"][0].tolist() == [1000 + 3 * POSITIVES - 1 - n for n in range(NEGATIVES)]


def test_the_latest_positives_are_the_ones_held_against_one_by_one() -> None:
    store = store_of(
        log(*({"kind": Kind.WATCH, "viewer": 10, "video": 1 + n, "seconds": 60.0, "at": n} for n in range(LATEST + 5)))
    )
    vectors = np.eye(DIM, dtype=np.float32)[: LATEST + 5]
    video = np.arange(1, LATEST + 6)
    content.fold_vectors(store, content.embedded(video, [str(each) for each in video], vectors, ME), ME)
    latest = tastes(store, np.array([10]), np.array([START]))["latest"][0]
    assert latest.argmax(axis=1).tolist() == list(range(LATEST + 4, 4, -1))


@given(st.lists(st.integers(1, 60), max_size=6))
@settings(max_examples=20)
def test_a_taste_does_not_depend_on_how_the_log_was_cut(places: list[int]) -> None:
    rng = np.random.default_rng(0)
    batch = log(*(watched(int(video), float(s), n) for n, (video, s) in enumerate(
        zip(rng.choice(VIDEOS, 60), rng.choice([0.3, 60.0], 60), strict=True))))  # fmt: skip
    whole, parts = (
        store_of(catalogue(), *each).read(TASTE.name, np.array(VIEWERS)) for each in ([batch], cut(batch, places))
    )
    assert all(whole[name].tobytes() == parts[name].tobytes() for name in whole)
