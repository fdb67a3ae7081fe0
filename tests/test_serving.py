"""Serving beside what an engine does: what happens before the first feed."""

from __future__ import annotations

from tests.loop.conftest import make_world


def test_warming_up_leaves_nothing_behind_and_makes_no_stage_look_slow() -> None:
    world = make_world()
    try:
        engine = world.engine
        end = engine.backend.log.end
        engine.feeds.warm_up()
        assert engine.backend.log.end == end
        for recipe in engine.feeds.recipes.values():
            assert recipe.costs.of(*(f"source {name}" for name, _ in recipe.sources)) == 0
        world.client.feed("ada", n=10)
        assert engine.feeds.recipes["for_you"].costs.of("source popular") > 0
    finally:
        engine.close()
