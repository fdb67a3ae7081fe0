"""What the words of a video ask for: bait is told from an invitation, and both from words that only look like it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.inputs import OUTCOME_BITS
from foryou.features.asking import asked, asks_of, named
from foryou.features.counters import totals
from foryou.features.fold import create_tables, fold_events
from foryou.features.interests import INTERESTS
from foryou.features.trust import TrustSettings
from foryou.simulator.texts import grammar
from tests.streams import Row, log, store_of

LIKE = OUTCOME_BITS["like"]


@pytest.mark.mission("NO-18")
@pytest.mark.parametrize(
    ("text", "baits"),
    [
        ("Like if you agree", "like"),
        ("so please LIKE IF you agree 😂", "like"),
        ("Double tap if you love dogs", "like"),
        ("Comment YES for part 2", "comment"),
        ("tag 3 friends or bad luck!!", "comment"),
        ("Type AMEN", "comment"),
        ("My new bike. Follow me and I follow back", "follow"),
        ("share this before it gets deleted", "share"),
        ("save this or regret it", "save"),
        ("Like als je het ermee eens bent", "like"),
        ("Reageer met JA voor deel 2", "comment"),
        ("Volg me, dan volg ik je terug", "follow"),
        ("Tag iemand die dit moet zien", "comment"),
        ("Lik hvis du er enig", "like"),
        ("Følg meg, så følger jeg deg tilbake", "follow"),
        ("Tagg en venn som trenger dette", "comment"),
    ],
)
def test_bait_is_known_in_three_languages(text: str, baits: str) -> None:
    assert named(asks_of(text).baits) == [baits]


@pytest.mark.mission("NO-18")
@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Save this for later", "save"),
        ("Let me know in the comments which one you would eat", "comment"),
        ("Follow for more recipes", "follow"),
        ("Bewaar dit voor later", "save"),
        ("Laat het weten in de reacties", "comment"),
        ("Lagre denne til helgen", "save"),
        ("Skriv i kommentarfeltet hva du synes", "comment"),
    ],
)
def test_an_invitation_is_no_bait(text: str, asks: str) -> None:
    found = asks_of(text)
    assert (named(found.asks), found.baits) == ([asks], 0)


@pytest.mark.parametrize(
    "text",
    [
        "What would it look like if it rained?",
        "Like a pro",
        "Like before, I used butter",
        "Type 2 diabetes explained",
        "What do you think?",
        "Deel 2 van mijn reis",
        "Del 2: lage pasta",
        "Følg med på turen",
        "Tag along on my hike",
        "I write songs for guitar",
        "Share your plate with a dog?",
        "Follow the trail",
        "Comment section gone wrong",
        "",
        "🔥🔥",
    ],
)
def test_words_that_only_look_like_it_ask_for_nothing(text: str) -> None:
    assert asks_of(text).asks == 0


def test_what_baiters_of_the_simulator_write_is_known() -> None:
    for language in ("en", "nl", "nb"):
        written = grammar(language)["says"]["bait"]
        assert all(asks_of(text).baits for text in written)


def described(video: int, at: float, **said: str) -> Row:
    return {"kind": Kind.VIDEO, "video": video, "at": at, "raw": msgspec.msgpack.encode({"video": "v", **said})}


def test_the_newest_words_count_caption_and_description_apart() -> None:
    store = store_of()
    create_tables(store)

    def bits() -> tuple[list[str], list[str]]:
        asks, baits = asked(store, np.array([7], np.int64))
        return named(int(asks[0])), named(int(baits[0]))

    fold_events(store, log(described(7, 2, caption="Like if you agree", description="Save this for later")))
    assert bits() == (["like", "save"], ["like"])
    fold_events(store, log(described(7, 1, caption="Comment YES for part 2")))  # older, and late
    assert bits() == (["like", "save"], ["like"])
    fold_events(store, log(described(7, 3, caption="A sourdough loaf")))
    assert bits() == (["save"], [])
    fold_events(store, log({"kind": Kind.VIDEO, "video": 7, "at": 4}))
    assert bits() == (["save"], [])


def test_what_was_said_before_and_comes_late_is_no_bait_of_a_video_that_says_otherwise_now() -> None:
    told = (described(7, 5, caption="A sourdough loaf"), described(7, 3, caption="Like if you agree"))
    for rows in (told, told[::-1]):
        store = store_of()
        for row in rows:
            fold_events(store, log(row))
        asks, baits = asked(store, np.array([7], np.int64))
        assert (int(asks[0]), int(baits[0])) == (0, 0)


def _liked(baited: float) -> tuple[Batch, dict[int, float], list[dict[str, dict[str, float]]]]:
    """Four hundred viewers watch two videos and like both; the words of the first bait that."""
    store = store_of()
    create_tables(store)
    settings = TrustSettings(baited=baited)
    fold_events(store, log(described(71, 0, caption="Like if you agree"), described(72, 0, caption="A loaf")), settings)
    rows: list[Row] = [
        row
        for viewer in range(100, 500)
        for video in (71, 72)
        for row in (
            {"kind": Kind.WATCH, "viewer": viewer, "video": video, "at": viewer + video / 200, "seconds": 9.0},
            {"kind": Kind.LIKE, "viewer": viewer, "video": video, "at": viewer + video / 200 + 0.2},
        )
    ]
    learned = fold_events(store, log(*rows), settings)
    likes = learned.take(learned["kind"] == Kind.LIKE)
    share = {each: float(likes["unlearned"][likes["video"] == each].mean()) for each in (71, 72)}
    strength = store.read(INTERESTS.name, np.array([100], np.int64))
    return strength, share, [totals(store, each) for each in (71, 72)]


@pytest.mark.mission("NO-18")
def test_bait_gets_no_boost_what_it_asked_for_counts_for_less_for_everybody_else() -> None:
    own, unlearned, (baiting, plain) = _liked(0.3)
    assert baiting["like"]["raw"] == plain["like"]["raw"] == 400
    assert unlearned[72] == 0
    assert unlearned[71] == pytest.approx(0.7, abs=0.07)
    freely, none, (same, other) = _liked(1.0)
    assert none == {71: 0, 72: 0}
    assert baiting["like"]["trusted"] == pytest.approx(0.3 * same["like"]["trusted"], rel=1e-3)
    assert (baiting["watch"], plain) == (same["watch"], other)
    assert all(np.array_equal(own[name], freely[name]) for name in own), "for one's own feed everything counts"
