"""Reading ahead and learning beside: the same items, the same rows, and failures where they are seen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest

from foryou import bulk
from foryou.app import Engine
from foryou.bench.world import World
from foryou.core.batch import Batch
from foryou.core.clock import ManualClock
from foryou.settings import Settings, load
from foryou.training.examples import Examples

WORLD = World(40, 30, 10)


def _settings(path: Path) -> Settings:
    return load(None, environment={}, changes={"data": {"url": f"file:{path}"}})


def _parts() -> Iterator[Batch]:
    rows = WORLD.columns(WORLD.spread(WORLD.exposures(300)), "e", WORLD.end)
    for start in range(0, len(rows), 90):
        yield rows.take(np.arange(start, min(start + 90, len(rows))))


def _learned(path: Path, beside: bool) -> list[tuple[float, ...]]:
    """What was predicted before each row was learned."""
    said: list[tuple[float, ...]] = []

    def hear(examples: Examples, predicted: Batch) -> None:
        said.extend(zip(predicted["like"].tolist(), predicted["watch"].tolist(), strict=True))

    clock = ManualClock(WORLD.end)
    engine = Engine.open(_settings(path), clock)
    engine.learner.listener = hear
    if beside:
        with bulk.learning(engine, most=50) as keep_up:
            for part in bulk.ahead(_parts()):
                engine.accept(part)
                keep_up()
                assert engine.learner.waiting <= 50
                clock.forward(200)
    else:
        for part in _parts():
            engine.accept(part)
            while engine.learn(None):
                pass
            clock.forward(200)
    engine.learner.seal()
    while engine.learn(None):
        pass
    engine.close()
    return said


def test_learning_beside_folding_gives_what_learning_in_between_gives(tmp_path: Path) -> None:
    beside, between = (_learned(tmp_path / name, name == "beside") for name in ("beside", "between"))
    assert len(beside) > 200
    assert beside == between


def test_what_learning_fails_with_is_raised_where_events_are_taken_in(tmp_path: Path) -> None:
    def fail(examples: Examples, predicted: Batch) -> None:
        raise ArithmeticError("the model broke")

    engine = Engine.open(_settings(tmp_path), ManualClock(WORLD.end))
    engine.learner.listener = fail
    with pytest.raises(ArithmeticError, match="the model broke"), bulk.learning(engine, most=0) as keep_up:
        for part in _parts():
            engine.accept(part)
        engine.learner.seal()
        keep_up()
    engine.close()


def test_reading_ahead_keeps_the_order_and_fails_after_what_came_before() -> None:
    def some() -> Iterator[int]:
        yield from range(5)
        raise ValueError("damaged")

    got: list[int] = []
    with pytest.raises(ValueError, match="damaged"):
        got.extend(bulk.ahead(some()))
    assert got == [0, 1, 2, 3, 4]


def test_reading_ahead_ends_with_who_reads() -> None:
    made: list[int] = []
    read = bulk.ahead(made.append(each) or each for each in count())
    assert list(islice(read, 3)) == [0, 1, 2]
    read.close()
    assert len(made) <= 3 + bulk.AHEAD + 2
