"""What one viewer does with one video."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from foryou.core.batch import Column
from foryou.simulator.behaviour import ACTS, Behaviour
from foryou.simulator.draws import QUIRK, normal, pair_key
from foryou.simulator.reaction import Meeting, react, seconds_of, starts_again, worth_of
from foryou.simulator.records import FILM

NUMBERS = Behaviour().packed()
SEED = np.uint64(7)
NOBODY = np.zeros(7, np.float32)


def films(**columns: float) -> Column:
    """One video of 20 s, as usual but for some columns."""
    film = np.zeros(1, FILM)
    for name, value in {
        "set_hook": np.nan,
        "set_finish": np.nan,
        "set_like": np.nan,
        "duration": 20,
        **columns,
    }.items():
        film[name] = value
    return film


def meeting(viewer: int, match: float = 0.5, satiation: float = 0.1, known: bool = False) -> Meeting:
    key = np.uint64(pair_key(SEED, viewer, 0))
    return Meeting(key, match, satiation, 0.0, known, False, normal(key, QUIRK))


def reactions(film: Column, count: int = 4000, **known: Any) -> Any:
    """[viewers, 3]: seconds, acts, pleasure."""
    return np.array([react(NUMBERS, film, 0, meeting(viewer, **known), NOBODY) for viewer in range(count)])


def liked(found: Any) -> float:
    return float((found[:, 1].astype(int) & 1).mean())


def test_a_better_match_never_lowers_pleasure_and_holds_longer() -> None:
    ladder = [reactions(films(), 500, match=match) for match in np.linspace(0, 1, 6)]
    for worse, better in pairwise(ladder):
        assert (better[:, 2] >= worse[:, 2]).all()
        assert (better[:, 0] >= worse[:, 0]).all()
    assert ladder[-1][:, 2].mean() > ladder[0][:, 2].mean() + 0.3


def test_satiation_lowers_pleasure_and_watching() -> None:
    fresh, sated = reactions(films(), 500, satiation=0.0), reactions(films(), 500, satiation=0.9)
    assert (sated[:, 2] <= fresh[:, 2]).all()
    assert sated[:, 0].mean() < fresh[:, 0].mean()


@pytest.mark.parametrize("hook", [0.4, 0.7])
def test_a_set_hook_is_exact_whoever_watches(hook: float) -> None:
    for match in (0.0, 1.0):
        seconds = reactions(films(set_hook=hook, appeal=2.0), match=match)[:, 0]
        assert (seconds >= 3).mean() == pytest.approx(hook, abs=0.025)


@pytest.mark.parametrize("finish", [0.3, 0.6, 0.95])
def test_a_set_finish_is_exact_whoever_watches(finish: float) -> None:
    for match in (0.0, 1.0):
        seconds = reactions(films(set_finish=finish), match=match)[:, 0]
        assert (seconds >= 20).mean() == pytest.approx(finish, abs=0.025)


def test_a_set_like_is_exact_and_leaves_the_rest_as_it_was() -> None:
    free, given = reactions(films()), reactions(films(set_like=0.3))
    assert liked(given) == pytest.approx(0.3, abs=0.025)
    assert (given[:, [0, 2]] == free[:, [0, 2]]).all()
    assert (given[:, 1].astype(int) >> 1 == free[:, 1].astype(int) >> 1).all()


def test_bait_is_liked_and_commented_on_and_gives_little() -> None:
    honest, bait = reactions(films()), reactions(films(bait=1))
    pressed = [np.mean(found[:, 1].astype(int) & 0b11 > 0) for found in (honest, bait)]
    assert pressed[1] > pressed[0]
    assert bait[:, 2].mean() < 0.6 * honest[:, 2].mean()


def test_what_is_known_already_is_skipped_more_and_gives_less() -> None:
    new, known = reactions(films()), reactions(films(), known=True)
    assert (known[:, 0] < 3).mean() > (new[:, 0] < 3).mean() + 0.1
    assert known[:, 2].mean() < 0.6 * new[:, 2].mean()


def test_who_follows_does_not_follow_again() -> None:
    keen = np.full(7, 20, np.float32)
    key = np.uint64(pair_key(SEED, 1, 0))
    for following in (False, True):
        _, pressed, _ = react(NUMBERS, films(), 0, Meeting(key, 0.5, 0.1, 0.0, False, following, 0.0), keen)
        assert bool(pressed & 1 << ACTS.index("follow")) is not following


def test_worth_is_between_nothing_and_all() -> None:
    worths = [
        worth_of(NUMBERS, films(appeal=appeal), 0, meeting(1, match, satiation))
        for appeal in (-9.0, 9.0) for match in (0.0, 1.0) for satiation in (0.0, 1.0)
    ]  # fmt: skip
    assert min(worths) >= 0 and max(worths) <= 1


def test_there_is_a_spike_at_the_end_and_some_start_again() -> None:
    seconds = np.array([seconds_of(NUMBERS, films(), 0, meeting(viewer)) for viewer in range(4000)])
    at_the_end = ((seconds >= 20) & (seconds < 22)).sum()
    assert at_the_end > 5 * ((seconds >= 17) & (seconds < 19)).sum() / 2
    assert 0 < np.mean([starts_again(each, 20.0) > 0 for each in seconds]) < 0.5
