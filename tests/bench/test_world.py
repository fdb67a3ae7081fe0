"""The made-up world is skewed, has its average, is the same for the same seed, and says the same in both its forms."""

from __future__ import annotations

import msgspec
import numpy as np

from foryou.api.decode import from_objects
from foryou.api.schema import to_columns
from foryou.bench.world import PER_EXPOSURE, World

WORLD = World(videos=2_000, viewers=500)


def test_a_world_in_columns_is_what_decoding_its_wire_events_gives() -> None:
    spread = WORLD.spread(WORLD.exposures(300, until=WORLD.end - 60_000))
    decoded, refused = to_columns(from_objects(WORLD.wires(spread, "e")), WORLD.end)
    made = WORLD.columns(spread, "e", WORLD.end)
    assert refused == []
    for sent, held in zip(decoded["raw"], made["raw"], strict=True):
        assert msgspec.msgpack.decode(sent) == msgspec.msgpack.decode(held)
    for name in set(decoded) - {"raw"}:
        assert np.array_equal(decoded[name], made[name]), name


def test_every_video_of_the_catalogue_is_accepted() -> None:
    rows, refused = to_columns(from_objects(list(WORLD.catalogue())), WORLD.end)
    assert (len(rows), refused) == (2_000, [])


def test_the_same_seed_gives_the_same_events_and_another_stream_others() -> None:
    one, again, other = WORLD.exposures(100), World(2_000, 500).exposures(100), WORLD.exposures(100, stream=1)
    assert np.array_equal(one["video"], again["video"]) and not np.array_equal(one["video"], other["video"])


def test_popularity_falls_off_with_the_rank_and_activity_too() -> None:
    exposures = WORLD.exposures(50_000)
    for name, count in (("video", 2_000), ("viewer", 500)):
        times = np.bincount(exposures[name], minlength=count)
        assert times[: count // 10].sum() > 2.5 * len(exposures) / 10
        assert times[: count // 10].mean() > 2 * times[count // 2 :].mean() > 0


def test_an_exposure_is_as_many_events_as_the_sizes_are_reckoned_with() -> None:
    exposures = WORLD.exposures(50_000)
    assert abs(len(WORLD.spread(exposures)) / 50_000 / PER_EXPOSURE - 1) < 0.03
