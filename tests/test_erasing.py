"""A viewer who is erased is nowhere: not in a table, not in what learns, not in a byte of any file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foryou.backends.pack import _body
from foryou.core.clock import HOUR
from foryou.core.errors import BackendError
from foryou.core.ids import id_of
from foryou.features import erase
from foryou.features.fold import TABLES
from foryou.features.history import served_key
from foryou.features.pairs import pairs_of
from foryou.features.reach import KINDS_SEEN, REACH, seen_as
from tests.loop.conftest import World
from tests.test_app import evening, morning, opened

WHO = "ada"
ID = id_of("viewer", WHO)
NEEDLES = {
    "name": b"\xa6viewer\xa3ada",
    "little-endian": ID.to_bytes(8, "little"),
    "big-endian": ID.to_bytes(8, "big"),
    "decimal": str(ID).encode(),
    "a hidden word": b"the secret of ada",
    "a snapshot": b"before ada left",
    "comment": b"ada was here",
    "collection": b"of ada",
}


def lived(directory: Path | None) -> World:
    """A morning and an evening of three viewers, who also follow, hide, block, report and say who they are."""
    world = opened(directory)
    for number in range(100, 180):
        world.upload(f"v{number}", f"t{number % 4}")
    world.upload("by ada", "t1", author=WHO)
    morning(world)
    for viewer in (WHO, "bob"):
        world.send(
            {"kind": "viewer", "viewer": viewer, "country": "NL", "age": "25-34"},
            {"kind": "follow", "viewer": viewer, "author": "author-v3"},
            {"kind": "block", "viewer": viewer, "author": "author-v4"},
            {"kind": "hide", "viewer": viewer, "hashtag": "t3"},
            {"kind": "hide", "viewer": viewer, "sound": "a song"},
            {"kind": "hide", "viewer": viewer, "word": f"the secret of {viewer}"},
            {"kind": "seen", "viewer": viewer, "video": "v7"},
            {"kind": "not_interested", "viewer": viewer, "video": "v6", "about": "topic"},
            {"kind": "prefer", "viewer": viewer, "hashtag": "t2", "strength": 1.5},
            {"kind": "snapshot", "viewer": viewer, "name": f"before {viewer} left"},
            {"kind": "save", "viewer": viewer, "video": "v5"},
            {"kind": "report", "viewer": viewer, "video": "a video that nobody described"},
            {"kind": "search", "viewer": viewer, "text": "bread"},
            {
                "kind": "comment",
                "viewer": viewer,
                "video": "v5",
                "text": f"{viewer} was here",
                "comment": f"c-{viewer}",
                "reply_video": "by ada",
            },
            {"kind": "like_comment", "viewer": viewer, "video": "v5", "comment": "c-ada"},
            {"kind": "save", "viewer": viewer, "video": "v6", "collection": f"of {viewer}"},
            {"kind": "read", "viewer": viewer},
            {"kind": "watch", "viewer": viewer, "video": "v8", "seconds": 9.0, "surface": "shared", "sharer": "cleo"},
            {"kind": "watch", "viewer": "cleo", "video": "v9", "seconds": 9.0, "surface": "shared", "sharer": viewer},
        )
    world.engine.work()
    world.engine.save()
    evening(world, "again")
    while world.engine.work():
        pass
    return world


def bytes_of(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Every file as it is, and whatever is packed in it unpacked."""
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        yield path.name, path.read_bytes()
        if path.suffix in {".npz", ".base"}:
            with np.load(path) as held:
                for name in held.files:
                    yield f"{path.name}/{name}", held[name].tobytes()
    connection = sqlite3.connect(directory / "log.sqlite")
    for offset, payload in connection.execute('SELECT "offset", payload FROM log'):
        yield f"offset {offset}", bytes(_body(payload)[0])
    connection.close()


def found(directory: Path) -> list[tuple[str, str]]:
    """Where the viewer is."""
    return [(where, which) for where, raw in bytes_of(directory) for which, needle in NEEDLES.items() if needle in raw]


def rows_of(world: World) -> dict[str, int]:
    world.engine.take()
    return {table.name: len(world.engine.backend.store.scan(table.name)[0]) for table in TABLES}


def test_nothing_of_an_erased_viewer_is_in_any_file(tmp_path: Path) -> None:
    world = lived(tmp_path)
    world.engine.learner.models.keep("old", world.engine.learner.model.state(), {"version": "old"})  # type: ignore[union-attr]
    assert world.client.feed(WHO, n=3).items
    before = found(tmp_path)
    assert {"events" if name.startswith("offset") else Path(name).suffix for name, _ in before} >= {"events", ".npz"}
    receipt: Any = world.client.erase(WHO)
    assert found(tmp_path) == []
    assert receipt["unreadable"] == 0
    removed = receipt["removed"]
    assert {"log events", "log served", "log explained", "document explained", "waiting", "embeddings"} <= set(removed)
    assert {f"table {name}" for name, of in erase.KEYED.items() if of is not None} <= set(removed)
    world.engine.close()
    assert found(tmp_path) == []
    again = opened(tmp_path)
    assert again.client.viewer(WHO)["signals_this_week"] == 0
    assert len(again.client.feed("bob", n=5).items) == 5
    again.engine.close()


def test_every_table_says_whether_it_is_about_viewers() -> None:
    assert set(erase.KEYED) == {table.name for table in TABLES}


def test_the_tables_lose_the_rows_of_that_viewer_and_no_others() -> None:
    def world_of(*viewers: str) -> World:
        world = opened(None)
        for number in range(10):
            world.upload(f"v{number}", f"t{number % 2}")
        for viewer in viewers:
            for number in range(6):
                world.watch(viewer, f"v{number}", 9.0)
            world.act(viewer, "like", "v1", "v9")
            world.act(viewer, "not_interested", "v2")
            world.send({"kind": "follow", "viewer": viewer, "author": "author-v3"})
            world.send({"kind": "hide", "viewer": viewer, "hashtag": "t1"})
            slate = world.feed(viewer, 4, session=f"{viewer}-s")
            assert slate
        return world

    both = world_of("bob", WHO)
    videos = {name: value.copy() for name, value in both.engine.backend.store.scan("count_video")[1].columns.items()}
    both.client.erase(WHO)
    alone = rows_of(world_of("bob"))
    after = rows_of(both)
    about = [name for name, of in erase.KEYED.items() if of is not None and name != "effect"]
    assert {name: after[name] for name in about} == {name: alone[name] for name in about}
    left = both.engine.backend.store.scan("count_video")[1]
    assert all(np.array_equal(left[name], videos[name]) for name in videos)
    session = np.array([id_of("session", f"{WHO}-s")])
    for video in range(10):
        key = served_key(np.array([ID]), session, np.array([id_of("video", f"v{video}")]))
        assert not both.engine.backend.store.has("served", key)[0]


def test_who_comes_back_starts_from_nothing_and_can_be_erased_again(tmp_path: Path) -> None:
    world = lived(tmp_path)
    world.client.erase(WHO)
    world.clock.forward(HOUR)
    world.watch(WHO, "v1", 12.0)
    told: Any = world.client.viewer(WHO)
    assert told["signals_this_week"] > 0
    assert not [row for row in told["interests"] if row["name"] == "t2"]
    world.engine.close()
    again = opened(tmp_path)
    again.clock.at = world.clock.at
    assert again.client.viewer(WHO) == told
    assert again.client.erase(WHO)["removed"]["log events"] == 2  # type: ignore[index]
    again.engine.close()
    assert found(tmp_path) == []


def test_that_an_erased_viewer_saw_a_video_cannot_be_told_from_its_latest_viewers() -> None:
    world = lived(None)
    store = world.engine.backend.store

    def had(viewer: int) -> int:
        videos, rows = store.scan(REACH.name, ("latest",))
        return int(((rows["latest"] & ~KINDS_SEEN) == seen_as(pairs_of(viewer, videos))[:, None]).sum())

    bob = id_of("viewer", "bob")
    before, others = had(ID), had(bob)
    assert min(before, others) > 3
    assert world.client.erase(WHO)["removed"]["table reach"] == before  # type: ignore[index]
    assert (had(ID), had(bob)) == (0, others)


def test_who_is_only_named_as_a_sharer_is_erased_too_when_that_was_cut_off(tmp_path: Path) -> None:
    world = lived(tmp_path)
    world.send({"kind": "watch", "viewer": "bob", "video": "v7", "seconds": 5.0, "surface": "shared", "sharer": "di"})

    def fail(*anything: object) -> None:
        raise BackendError("the power went")

    world.engine._erasures.keep = fail  # type: ignore[assignment]
    with pytest.raises(BackendError, match="the power went"):
        world.client.erase("di")
    world.engine.backend.log.close()
    world.engine.backend.documents.close()
    world.engine.backend.release()
    again = opened(tmp_path)
    assert not [name for name, held in bytes_of(tmp_path) if b"\xa6sharer\xa2di" in held]
    again.engine.close()


def test_to_erase_somebody_who_never_was_is_fine_and_removes_nothing() -> None:
    world = lived(None)
    before = rows_of(world)
    assert world.client.erase("a/stranger?")["removed"] == {}
    assert rows_of(world) == before


@pytest.mark.parametrize("step", ["keep", "remove", "replace", "scrub", "done"])
def test_an_erasure_that_was_cut_off_is_finished_at_the_next_start(step: str, tmp_path: Path) -> None:
    world = lived(tmp_path)
    engine = world.engine
    engine.backend.models.keep("old", engine.learner.model.state(), {"version": "old"})

    def fail(*anything: object) -> None:
        raise BackendError("the power went")

    where: dict[str, tuple[object, str]] = {
        "keep": (engine._erasures, "keep"),
        "remove": (engine.backend.documents, "remove"),
        "replace": (engine.backend.models, "replace"),
        "scrub": (engine.backend.log, "scrub"),
        "done": (engine._erasures, "_from_models"),
    }
    setattr(*where[step], fail)
    with pytest.raises(BackendError, match="the power went"):
        world.client.erase(WHO)
    engine.backend.log.close()
    engine.backend.documents.close()
    engine.backend.release()
    again = opened(tmp_path)
    assert found(tmp_path) == []
    assert again.client.viewer(WHO)["signals_this_week"] == 0
    again.engine.close()


def test_a_rebuild_after_an_erasure_keeps_the_sums_of_all(tmp_path: Path) -> None:
    world = lived(tmp_path)
    world.client.erase(WHO)
    evening(world, "later")
    before = rows_of(world)
    keys, counts = world.engine.backend.store.scan("count_video", ("values",))
    values = counts["values"].copy()
    world.engine.rebuild()
    assert rows_of(world) == before
    assert np.array_equal(world.engine.backend.store.columns("count_video", keys, ("values",))["values"], values)
    world.engine.close()


def test_the_receipt_names_nobody_and_can_be_checked() -> None:
    world = lived(None)
    receipt = world.client.erase(WHO)
    told = json.dumps(receipt)
    assert f'"{WHO}"' not in told
    assert str(ID) not in told
    records = [r for r in world.engine.backend.log.read(0, ("erased",)) if r.rows["state"][0] == 1]
    assert json.loads(records[-1].rows["receipt"][0]) == receipt
