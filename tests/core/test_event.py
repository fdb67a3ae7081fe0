"""The one schema of events, and the ids behind names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foryou.core.clock import DAY, ManualClock, SystemClock
from foryou.core.event import EVENT, KINDS, Kind, events, of_kinds
from foryou.core.ids import id_of, pair_of
from foryou.core.table import Field, Table

ids = st.text(max_size=5).map(lambda name: id_of("video", name))


def test_every_kind_has_a_rule_and_what_undoes_something_has_its_own() -> None:
    assert set(KINDS) == set(Kind)
    for kind, rule in KINDS.items():
        assert rule.help.endswith(".")
        if rule.undoes is not None:
            assert KINDS[rule.undoes].needs == rule.needs, kind
            assert KINDS[rule.undoes].one_of == rule.one_of, kind


def test_the_numbers_in_logs_stay_what_they_are() -> None:
    assert {kind.wire: int(kind) for kind in Kind} == {
        "video": 1, "remove": 2, "viewer": 3, "impression": 10, "watch": 11, "like": 20, "unlike": 21, "comment": 22,
        "uncomment": 23, "share": 24, "save": 26, "unsave": 27, "follow": 28, "unfollow": 29, "visit": 30, "search": 31,
        "not_interested": 40, "interested": 41, "hide": 42, "unhide": 43, "report": 44, "block": 46, "unblock": 47,
        "seen": 48, "prefer": 50, "forget": 51, "refresh": 52, "snapshot": 53, "restore": 54, "unsnapshot": 55,
        "like_comment": 60, "unlike_comment": 61, "pin": 62, "unpin": 63, "read": 64,
    }  # fmt: skip


def test_columns_that_are_left_out_have_their_defaults() -> None:
    batch = events({"id": np.array([1, 2]), "kind": np.array([Kind.WATCH, Kind.LIKE])})
    assert list(batch) == [field.name for field in EVENT]
    assert batch["seconds"].tolist() == [-1, -1]
    assert batch["topics"].shape == (2, 8)
    assert batch["raw"].tolist() == [b"", b""]
    assert of_kinds(batch, (Kind.LIKE, Kind.SAVE)).tolist() == [False, True]
    with pytest.raises(ValueError, match="no event column colour"):
        events({"colour": np.array([1])})


@given(st.text(min_size=1), st.text(min_size=1, max_size=8))
def test_an_id_is_positive_and_belongs_to_its_kind(name: str, kind: str) -> None:
    number = id_of(kind, name)
    assert 0 < number < 2**63
    assert id_of(kind, name) == number
    assert id_of(kind + "x", name) != number or len(kind.encode()) >= 16
    assert id_of(kind, "") == 0


def test_ids_are_the_same_in_every_process() -> None:
    assert id_of("video", "v1") == 5457670989074632366
    assert id_of("viewer", "ada") == 8561188987551978554


@given(st.lists(st.tuples(ids, ids), min_size=2, max_size=30, unique=True))
def test_pairs_get_ids_of_their_own_and_order_counts(pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    found = pair_of(left, right)
    assert (found > 0).all()
    assert len(set(found.tolist())) == len(pairs)
    swapped = pair_of(right, left)
    assert ((found != swapped) | (left == right)).all()


def test_a_million_pairs_of_small_numbers_do_not_meet() -> None:
    left, right = (side.ravel() for side in np.meshgrid(np.arange(1000), np.arange(1000)))
    assert len(np.unique(pair_of(left, right))) == 1_000_000


def test_a_manual_clock_moves_only_when_told_and_the_real_one_by_itself() -> None:
    clock = ManualClock(5)
    clock.forward(DAY)
    assert (clock(), clock()) == (5 + DAY, 5 + DAY)
    assert SystemClock()() > 1_700_000_000_000


def test_an_empty_row_of_a_table_has_its_defaults() -> None:
    table = Table("t", (Field("a", "float32", 3, 0.5), Field("b", "int8")))
    row = table.empty(2)
    assert row["a"].tolist() == [[0.5] * 3] * 2
    assert row["b"].dtype == np.int8
    assert table.names == ("a", "b")
