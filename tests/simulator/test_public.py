"""A policy is told what everybody can see, and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from foryou.core.batch import Batch, Column
from foryou.simulator.public import Public, public
from foryou.simulator.world import Sizes, World, make

SIZES = Sizes(viewers=120, creators=40, videos=300)

SEEN = {
    "viewers": {"language", "country", "age", "gender", "device", "zone", "joined"},
    "creators": {"followers", "viewer"},
    "videos": {
        "creator", "sound", "effect", "duration", "language", "uploaded", "height", "series", "episode",
    },
}  # fmt: skip
"""What anybody can look up."""
TOLD = {"videos": {"leaf", "content", "format", "bait", "text"}}
"""What shows in captions and hashtags only."""
BEHIND_FOLLOWS = {"viewers": {"taste"}, "creators": {"topic", "language"}}
"""What shows in who followed whom before the start, which is given here."""


@pytest.fixture(scope="module")
def world() -> World:
    return make(SIZES, 1)


def everything(told: Public) -> dict[str, object]:
    """All that can be had from it."""
    columns = {each.name: getattr(told, each.name) for each in fields(told)}
    return {
        **{name: value for name, value in columns.items() if not callable(value)},
        "videos sent": [told.wire_video(n) for n in range(told.videos)],
        "viewers sent": [told.wire_viewer(v) for v in range(told.viewers)],
        "hashtags": told.hashtags,
        "tags": told.tags,
        "tag_names": told.tag_names,
    }


def equal(one: object, two: object) -> bool:
    if isinstance(one, tuple) and any(isinstance(each, np.ndarray) for each in one):
        assert isinstance(two, tuple)
        return all(np.array_equal(left, right) for left, right in zip(one, two, strict=True))
    return np.array_equal(one, two) if isinstance(one, np.ndarray) else one == two


def garbled(batch: Batch, known: set[str]) -> Batch:
    """Other values in every column that is not known."""
    return batch.extend({name: other(batch[name]) for name in batch if name not in known})


def other(values: Column) -> Column:
    if values.dtype == np.bool_:
        return ~values
    return np.where(np.isfinite(values), 1 - values, 0.5).astype(values.dtype)


def test_no_hidden_column_changes_anything_that_a_policy_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = replace(
        world,
        **{
            part: garbled(getattr(world, part), SEEN[part] | TOLD.get(part, set()) | BEHIND_FOLLOWS.get(part, set()))
            for part in SEEN
        },
    )
    before, after = everything(public(world)), everything(public(changed))
    assert [name for name in before if not equal(before[name], after[name])] == []


def test_it_has_no_world_and_no_batch_of_it(world: World) -> None:
    told = public(world)
    assert not any(isinstance(value, World | Batch) for value in vars(told).values())


def test_it_has_what_a_feed_needs(world: World) -> None:
    told = public(world)
    assert (told.viewers, told.creators, told.videos) == (120, 40, 300)
    assert told.viewer_names[:2] == ("c0", "c1") and told.viewer_names[-1] == "u119"
    assert told.wire_video(5)["video"] == told.video_name(5) == "v5"
    assert told.wire_video(5)["author"] == told.author_name(int(told.author[5]))
    assert told.wire_viewer(119)["viewer"] == "u119"
    for values in (told.author, told.sound, told.duration, told.language, told.uploaded):
        assert values.shape == (300,)
    assert told.followers.shape == (40,)


def test_hashtags_are_numbers_too(world: World) -> None:
    told = public(world)
    assert told.tags.shape == (300, 8)
    for n in range(0, 300, 17):
        named = {told.tag_names[tag] for tag in told.tags[n] if tag >= 0}
        assert named == {tag.casefold() for tag in told.hashtags[n]}


def test_nobody_can_change_the_world_through_it(world: World) -> None:
    told = public(world)
    with pytest.raises(ValueError, match="read-only"):
        told.duration[0] = 1
    told.wire_video(3)["caption"] = "mine"
    assert told.wire_video(3).get("caption") != "mine"
