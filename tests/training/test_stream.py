"""The learner follows the log: the same log and seed give the same model, also over a restart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from foryou.backends.open import open_backend
from foryou.core.batch import Batch
from foryou.core.clock import MINUTE
from foryou.core.errors import ModelError, SettingsError
from foryou.core.event import Kind
from foryou.core.heads import HEADS, NAMES
from foryou.core.ports import Store
from foryou.features.fold import create_tables, fold_events
from foryou.features.hydrate import without_demographics
from foryou.models.ranker import Learning, Ranker
from foryou.training import validate
from foryou.training.examples import as_of_now
from foryou.training.stream import Learner, LearningSettings
from foryou.training.validate import learn_all, predict_frozen
from tests.streams import VIDEOS, Row, catalogue, log

SETTINGS = LearningSettings(batch=32)


def habits(rows: int = 400, seed: int = 0) -> Iterator[Batch]:
    """An imported log: viewer 10 finishes videos of even number and skips the others; 11 the other way round."""
    rng = np.random.default_rng(seed)
    pairs = [(viewer, video) for viewer in (10, 11) for video in VIDEOS]
    for start in range(0, rows, len(pairs)):
        some: list[Row] = []
        for number, pair in enumerate(rng.permutation(len(pairs))[: rows - start], start + 1):
            viewer, video = pairs[pair]
            seconds = 40.0 if video % 2 == viewer % 2 else 0.5
            seen: Row = {"viewer": viewer, "video": video, "at": number, "id": 10 * number}
            some.append({**seen, "kind": Kind.IMPRESSION})
            some.append({**seen, "id": 10 * number + 1, "kind": Kind.WATCH, "seconds": seconds})
        yield log(*some)


def empty() -> Store:
    store = open_backend("memory:").store
    create_tables(store)
    fold_events(store, catalogue())
    return store


def learned(seed: int = 1, rows: int = 400) -> tuple[Learner, Store]:
    learner, store = Learner(Ranker(seed=seed), SETTINGS), empty()
    learn_all(learner, store, habits(rows))
    return learner, store


def equal(one: Learner, other: Learner) -> bool:
    left, right = one.state(), other.state()
    return set(left) == set(right) and all(np.array_equal(left[name], right[name]) for name in left)


def test_the_same_log_and_seed_give_the_same_model_and_another_seed_another() -> None:
    one, other, third = learned()[0], learned()[0], learned(seed=2)[0]
    assert one.model.version == "r-400"
    assert equal(one, other)
    assert not equal(one, third)


def test_every_row_is_predicted_before_it_is_learned_and_only_once() -> None:
    learner, tested = Learner(Ranker(seed=1), SETTINGS), validate.Tested()
    learner.listener = tested.add
    learn_all(learner, empty(), habits())
    viewer, predicted, outcomes = tested.rows()
    assert len(viewer) == len(predicted) == len(outcomes) == learner.learned == 400
    assert np.isin(viewer, (10, 11)).all()
    prior = next(head.prior for head in HEADS if head.name == "long_view")
    assert predicted["long_view"][:16] == pytest.approx(prior, abs=0.01), "nothing is known yet"
    late = slice(-100, None)
    error = np.abs(predicted["long_view"][late] - outcomes["long_view"][late]).mean()
    assert error < 0.5 * np.abs(predicted["long_view"][:100] - outcomes["long_view"][:100]).mean()


def test_a_restart_in_the_middle_changes_nothing() -> None:
    one, other = Learner(Ranker(seed=1), SETTINGS), Learner(Ranker(seed=1), SETTINGS)
    here, there = empty(), empty()
    for number, batch in enumerate(habits()):
        for learner, store in ((one, here), (other, there)):
            learner.fold(store, batch)
            learner.step()
        if number % 7 == 3:
            restarted = Learner(Ranker(seed=99), SETTINGS)
            restarted.restore({name: values.copy() for name, values in other.state().items()})
            other = restarted
    for learner in (one, other):
        learner.flush()
        learner.step()
    assert one.learned == other.learned == 400
    assert one.progress.measures() == other.progress.measures()
    assert equal(one, other)


def test_how_much_is_learned_at_a_time_does_not_matter() -> None:
    one, other = Learner(Ranker(seed=1), SETTINGS), Learner(Ranker(seed=1), SETTINGS)
    for learner, most in ((one, None), (other, 1)):
        store = empty()
        for batch in habits():
            learner.fold(store, batch)
            while learner.step(most):
                pass
    assert one.learned == other.learned > 300
    assert equal(one, other)


def watched(first: int, count: int, at: float = 0) -> Batch:
    seen: Row = {"video": VIDEOS[0], "seconds": 5.0, "at": at}
    return log(*({**seen, "kind": kind, "viewer": first + n, "id": 2 * (first + n) + (kind == Kind.WATCH)}
                 for n in range(count) for kind in (Kind.IMPRESSION, Kind.WATCH)))  # fmt: skip


@pytest.mark.mission("NO-33")
def test_what_comes_within_a_tenth_of_a_second_is_learned_together_and_nothing_waits_longer() -> None:
    learner, store = Learner(Ranker(seed=1), LearningSettings(batch=32)), empty()
    start = int(watched(1, 1)["received"][0])
    learner.fold(store, watched(100, 1))
    learner.fold(store, watched(101, 2))
    assert (learner.waiting, learner.due(start + 50), learner.due(start + 100)) == (0, False, True)
    learner.fold(store, watched(200, 1, at=1))
    assert (learner.step(), learner.learned) == (3, 3)
    learner.seal()
    assert (learner.step(), learner.due(start + 10**9)) == (1, False)
    learner.fold(store, watched(300, 40, at=1))
    assert (learner.step(1), learner.step(1), learner.step(1)) == (32, 8, 0)


def test_a_late_like_is_learned_and_corrects_the_measures() -> None:
    learner, store = Learner(Ranker(seed=1), LearningSettings()), empty()
    seen: Row = {"video": VIDEOS[0], "viewer": 10, "seconds": 5.0}
    learner.fold(
        store, log(*({**seen, "kind": kind, "at": 0, "id": int(kind) + 1} for kind in (Kind.IMPRESSION, Kind.WATCH)))
    )
    learner.seal()
    learner.step()
    before = learner.progress.measures()["like"]
    learner.fold(store, log({**seen, "kind": Kind.LIKE, "at": 30, "id": 90}))
    learner.seal()
    assert (learner.step(), learner.learned, learner.corrected) == (1, 1, 1)
    after = learner.progress.measures()["like"]
    assert (before["observed"], after["observed"], after["predicted"]) == (0, 1, before["predicted"])
    assert after["loss"] == pytest.approx(-np.log(before["predicted"]), rel=1e-5)
    assert learner.model.version == "r-1-1"


@pytest.mark.mission("NL-20")
def test_a_head_whose_labels_are_all_late_is_calibrated_as_if_they_had_been_in_time() -> None:
    """Three in ten like: in one log with the watch, in the other an hour later."""
    likes = np.random.default_rng(0).random(3000) < 0.3

    def said(delay: int) -> float:
        learner, store, rows = Learner(Ranker(seed=1, learning=Learning(batch=64)), LearningSettings()), empty(), []
        predicted: list[np.ndarray] = []
        learner.listener = lambda examples, heads: predicted.append(heads["like"])
        for n, liked in enumerate(likes):
            seen: Row = {"viewer": 1000 + n, "video": VIDEOS[n % 8], "at": n, "seconds": 12.0}
            rows += [{**seen, "kind": Kind.IMPRESSION}, {**seen, "kind": Kind.WATCH}]
            rows += [{**seen, "kind": Kind.LIKE, "at": n + delay}] if liked else []
        rows.sort(key=lambda row: int(row["at"]))
        for start in range(0, len(rows), 100):
            learner.fold(store, log(*({**row, "id": start + n + 1} for n, row in enumerate(rows[start : start + 100]))))
            learner.step()
        assert (learner.corrected > 700) == (delay > 0)
        return float(np.concatenate(predicted)[1500:].mean())

    late, timely = said(60), said(0)
    assert late == pytest.approx(timely, abs=0.03)
    assert late == pytest.approx(0.3, abs=0.04)


@pytest.mark.mission("NL-20")
def test_heads_stay_calibrated_when_most_negatives_are_left_out() -> None:
    def learn(negatives: float) -> Learner:
        rng = np.random.default_rng(0)
        learner, store = Learner(Ranker(seed=1), LearningSettings(negatives=negatives)), empty()
        for start in range(0, 12_000, 500):
            rows: list[Row] = []
            for n in range(start, start + 500):
                good, liked = rng.random() < 0.2, rng.random() < 0.05
                seen: Row = {"viewer": 1000 + n % 500, "video": VIDEOS[int(rng.integers(8))], "at": n}
                rows += [{**seen, "kind": Kind.IMPRESSION},
                         {**seen, "kind": Kind.WATCH, "seconds": 40.0 if good else 1.0}]  # fmt: skip
                rows += [{**seen, "kind": Kind.LIKE}] if liked else []
            learner.fold(store, log(*({**row, "id": 10 * start + k + 1} for k, row in enumerate(rows))))
            learner.step()
        return learner

    everything, few = learn(1.0), learn(0.25)
    assert few.learned < 0.5 * everything.learned
    for name in ("long_view", "skip", "like"):
        whole, part = everything.progress.measures()[name], few.progress.measures()[name]
        assert part["observed"] == pytest.approx(whole["observed"], abs=0.03), name
        assert part["predicted"] == pytest.approx(part["observed"], abs=0.04), name


def test_frozen_predictions_neither_fold_nor_learn() -> None:
    learner, store = learned()
    before = learner.state(), len(store.scan("seen")[0])
    asked = list(habits(40, seed=9))
    predicted = predict_frozen(learner, store, asked)
    again = predict_frozen(learner, store, asked)
    assert len(predicted) == 40
    assert all(np.array_equal(predicted[name], again[name]) for name in NAMES)
    assert all(np.array_equal(before[0][name], learner.state()[name]) for name in before[0])
    assert len(store.scan("seen")[0]) == before[1]
    good = predicted["video"] % 2 == predicted["viewer"] % 2
    assert predicted["long_view"][good].mean() > predicted["long_view"][~good].mean() + 0.3


@pytest.mark.mission("NL-21")
def test_with_demographics_off_age_gender_and_country_change_no_head() -> None:
    """Age decides everything in this log. Off: identical heads. On: the model has found out."""

    def learn(demographics: bool) -> tuple[Learner, Store]:
        ranker = Ranker(seed=1, learning=Learning(batch=32))
        learner, store = Learner(ranker, SETTINGS, demographics=demographics), empty()
        people = [{"kind": Kind.VIEWER, "viewer": 1000 + n, "age": 1 + n % 2, "gender": 1 + n % 3, "country": 1 + n % 5,
                   "at": -1, "id": 90_000 + n} for n in range(600)]  # fmt: skip
        batches = [log(*people)]
        for start in range(0, 600, 20):
            some: list[Row] = []
            for n in range(start, start + 20):
                seen: Row = {"viewer": 1000 + n, "video": VIDEOS[0], "at": n, "id": 100_000 + 2 * n}
                some.append({**seen, "kind": Kind.IMPRESSION})
                some.append({**seen, "kind": Kind.WATCH, "seconds": 40.0 if n % 2 else 0.5, "id": 100_001 + 2 * n})
            batches.append(log(*some))
        learn_all(learner, store, batches)
        fold_events(store, log(
            {"kind": Kind.VIEWER, "viewer": 5000, "age": 1, "gender": 1, "country": 1, "at": 601},
            {"kind": Kind.VIEWER, "viewer": 5001, "age": 2, "gender": 2, "country": 4, "at": 601},
        ))  # fmt: skip
        return learner, store

    asked = log(
        *({"kind": Kind.IMPRESSION, "viewer": viewer, "video": VIDEOS[0], "at": 700} for viewer in (5000, 5001))
    )
    off, store = learn(False)
    pairs = as_of_now(store, asked)
    blind = type(pairs)(without_demographics(pairs.viewers), pairs.items, pairs.of)
    heads = off.model.predict(blind)
    for name in NAMES:
        assert heads[name][0] == heads[name][1], name
    on, store = learn(True)
    young, old = on.model.predict(as_of_now(store, asked))["long_view"]
    assert old > young + 0.2


def test_a_state_of_another_version_is_refused() -> None:
    learner = Learner(Ranker(seed=1), SETTINGS)
    state = {**learner.state(), "schema": np.array([1])}
    with pytest.raises(ModelError, match="other inputs or heads"):
        learner.restore(state)


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"window_s": -1.0}, {"batch": 0}, {"publish_every_s": -1}, {"negatives": 0.0}, {"keep": 0}):
        with pytest.raises(SettingsError):
            LearningSettings(**wrong)


def test_a_share_of_the_past_is_learned_and_all_that_has_just_happened() -> None:
    past, minutes = list(habits(400)), 10**6
    for imported, at_least, at_most in ((1.0, 400, 400), (0.25, 50, 150)):
        learner, store = Learner(Ranker(seed=1), LearningSettings(batch=32, imported=imported, late_s=60)), empty()
        for batch in past:
            learner.fold(store, batch.extend({"received": batch["at"] + minutes * MINUTE}))
        learner.flush()
        learner.step()
        assert at_least <= learner.learned <= at_most
        before, fresh = (
            learner.learned,
            log(
                {"viewer": 10, "video": VIDEOS[0], "at": minutes, "id": 7, "kind": Kind.IMPRESSION},
                {"viewer": 10, "video": VIDEOS[0], "at": minutes, "id": 8, "kind": Kind.WATCH, "seconds": 9.0},
            ),
        )
        learner.fold(store, fresh)
        learner.flush()
        learner.step()
        assert learner.learned == before + 1
