"""Keys that several processes added lately."""

from pathlib import Path

import numpy as np

from foryou.backends.recent import Recent


def test_what_one_adds_all_know(tmp_path: Path) -> None:
    one, other = Recent(tmp_path, 0), Recent(tmp_path, 1)
    one.meet()
    one.add(np.array([3, 5]))
    other.meet()
    other.add(np.array([7]))
    for each in (one, other):
        assert each.has(np.array([7, 4, 3, 5])).tolist() == [True, False, True, True]


def test_the_newest_are_kept_and_the_oldest_go(tmp_path: Path) -> None:
    recent = Recent(tmp_path, 0, slots=64)
    for key in range(1, 101):
        recent.add(np.array([key]))
        newest = np.arange(max(1, key - 31), key + 1)
        assert recent.has(newest).all()
    assert not recent.has(np.arange(1, 30)).any()


def test_a_process_that_comes_again_finds_what_it_had_added(tmp_path: Path) -> None:
    Recent(tmp_path, 0).add(np.array([3]))
    assert Recent(tmp_path, 0).has(np.array([3])).all()


def test_a_process_that_comes_later_is_met_without_being_asked_to(tmp_path: Path) -> None:
    first = Recent(tmp_path, 0, processes=2)
    assert not first.has(np.array([5]))[0]
    second = Recent(tmp_path, 1, processes=2)
    second.add(np.array([5]))
    assert first.has(np.array([5]))[0]
