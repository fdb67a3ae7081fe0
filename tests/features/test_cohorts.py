"""The chance to come far: what became of others, by how good they were found to be and how late it is."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.backends.open import open_backend
from foryou.core.clock import DAY
from foryou.core.ports import Store
from foryou.features import cohorts
from foryou.features.cohorts import BINS, CAME, CELLS, OFF, ON, ONTO, QUARTERS, SEEN, STAGES

GOAL = 3
LIFE = 3 * DAY


@pytest.fixture
def store() -> Store:
    made = open_backend("memory:").store
    made.create(cohorts.COHORTS)
    return made


def counts(seen: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Those cells `[STAGES, CELLS]`, from `[STAGES, BINS]` and `[STAGES, BINS, BINS]`."""
    made = np.zeros((STAGES, CELLS))
    made[:, SEEN:ONTO], made[:, ONTO:ON] = seen, onto.reshape(STAGES, -1)
    return made


@pytest.mark.mission("NO-63")
def test_the_chance_counts_how_good_those_were_found_to_be_who_went_on() -> None:
    seen, onto = np.zeros((STAGES, BINS)), np.zeros((STAGES, BINS, BINS))
    seen[0, 3], onto[0, 3, 5] = 10_000, 5_000  # half go on, and are in a better bin then
    for stage, share in ((1, 0.8), (2, 0.9)):
        seen[stage, 5], onto[stage, 5, 5] = 10_000, share * 10_000
        seen[stage, 3] = 10_000  # whoever was still in this one went no further
    chance, variance = cohorts.chances(counts(seen, onto), GOAL)
    assert chance[0, 3] == pytest.approx(0.5 * 0.8 * 0.9, abs=0.001)
    assert chance[1, 3] < 0.001
    assert chance[2, 5] == pytest.approx(0.9, abs=0.001)
    assert variance[2, 5] == pytest.approx(0.9 * 0.1 / 10_000, rel=0.01)
    assert variance[0, 3] > 0.25 * 0.72**2 / 10_000, "what a stage leads to is no surer than the stage"


@pytest.mark.mission("NO-63")
def test_where_nothing_is_known_better_videos_are_likelier_and_later_stages_harder() -> None:
    nothing = np.zeros((STAGES, CELLS))
    chance, _ = cohorts.chances(nothing, GOAL)
    assert (np.diff(chance[:GOAL], axis=1) > 0).all()
    harder, _ = cohorts.chances(nothing, 1)
    assert (harder[0] > chance[0]).all(), "to come to the next stage is more likely than to come far"
    assert chance[GOAL].tolist() == [1.0] * BINS


@pytest.mark.mission("NO-63")
def test_a_chance_varies_as_much_as_it_says() -> None:
    """Counts drawn again and again, of the same true chances."""
    rng = np.random.default_rng(1)
    true = rng.dirichlet(np.ones(BINS + 1), (GOAL, BINS))  # into each bin, or nowhere
    found = []
    for _ in range(400):
        onto = np.zeros((STAGES, BINS, BINS))
        onto[:GOAL] = rng.multinomial(1_000, true)[..., :BINS]
        chance, variance = cohorts.chances(counts(np.full((STAGES, BINS), 1_000.0), onto), GOAL)
        found.append((chance[0], variance[0]))
    chance, variance = np.mean(found, axis=0)
    spread = np.var([each for each, _ in found], axis=0)
    assert variance == pytest.approx(spread, rel=0.35)
    exact = np.ones(BINS)
    for stage in reversed(range(GOAL)):
        exact = true[stage, :, :BINS] @ exact
    assert chance == pytest.approx(exact, abs=0.01)


def test_a_day_says_something_when_its_videos_have_had_their_time(store: Store) -> None:
    made = cohorts.notes(10)
    for entered in (DAY, 2 * DAY - 1, 2 * DAY):
        cohorts.note(made, entered, 1, CAME)
    cohorts.count(store, made)
    cohorts.count(store, cohorts.notes(0))

    def came(at: int) -> int:
        return int(cohorts.known(store, at, LIFE)[1, CAME])

    assert came(2 * DAY + LIFE - 1) == 0, "those who will not go on are not known yet, most who will are"
    assert came(2 * DAY + LIFE) == 2
    assert came(3 * DAY + LIFE) == 3
    assert came((cohorts.KEPT + 1) * DAY) == 3
    assert came((cohorts.KEPT + 2) * DAY) == 1


def test_later_in_its_time_a_video_is_less_likely_to_go_on_where_most_do_soon() -> None:
    made = np.zeros((STAGES, CELLS))
    made[0, CAME] = 1000
    made[0, ON : ON + QUARTERS] = 300, 60, 30, 10  # 400 of 1,000; the others are just never seen again
    shift = cohorts.still(made)
    assert shift[0, 0] == pytest.approx(0, abs=1e-9)
    assert (np.diff(shift[0]) < 0).all()
    last = 1 / (1 + np.exp(-(np.log(0.4 / 0.6) + shift[0, 3])))
    assert last == pytest.approx(10 / 610, abs=0.005)
    assert np.abs(shift[1]).max() == 0, "where nothing is known time says nothing"
    made[0, OFF : OFF + QUARTERS] = 590, 0, 0, 0
    assert cohorts.still(made)[0, 3] > 0, "now all who are still there go on"
