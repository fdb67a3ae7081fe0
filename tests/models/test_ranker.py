"""The ranker starts as the prior, learns what can be learned, and gives the same for the same rows."""

import numpy as np
import pytest
from worlds import blank, chance, pairs

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.errors import ModelError
from foryou.core.inputs import FAMILIES, HISTORY, OUTCOME_BITS
from foryou.core.ports import Pairs
from foryou.models.deep import Depth
from foryou.models.embedding import Admission
from foryou.models.linear import Linear
from foryou.models.ranker import Learning, Ranker
from foryou.models.shape import Shape


def _same(one: Batch, other: Batch) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def _checkerboard(rng: np.random.Generator, rows: int) -> tuple[Pairs, Batch]:
    """Even viewers watch even items and skip odd ones; odd viewers the other way round."""
    viewer, item = rng.integers(1, 21, rows), rng.integers(1, 41, rows)
    good = (viewer % 2 == item % 2).astype(np.float32)
    liked = np.where(
        viewer[:, None] % 2 == 0, 2 * rng.integers(1, 21, (rows, 5)), 2 * rng.integers(0, 20, (rows, 5)) + 1
    )
    history = blank("viewer", rows)
    history["history_item"][:, :5] = liked
    history["history_flags"][:, :5] = OUTCOME_BITS["long_view"]
    return (
        Pairs(Batch({**history, "viewer": viewer}), Batch({**blank("item", rows), "item": item}), np.arange(rows)),
        Batch({"long_view": good, "finish": good, "skip": 1 - good, "watch": 2 + 28 * good}),
    )


def test_untrained_it_is_the_prior() -> None:
    some, _ = chance(np.random.default_rng(0), viewers=3, items=20)
    ranker, prior = Ranker().predict(some), Linear().predict(some)
    for name in prior:
        assert ranker[name] == pytest.approx(prior[name], abs=1e-6)


def test_it_learns_a_checkerboard_that_no_rate_can_tell() -> None:
    rng = np.random.default_rng(0)
    ranker = Ranker(learning=Learning(batch=256))
    for _ in range(5):
        ranker.learn(*_checkerboard(rng, 2000))
    some, outcomes = _checkerboard(rng, 500)
    seen, good = ranker.predict(some), outcomes["long_view"] == 1
    assert seen["long_view"][good].min() > seen["long_view"][~good].max()
    assert seen["watch"][good].mean() > 3 * seen["watch"][~good].mean()


def test_the_same_rows_and_seed_give_the_same_model() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=30, items=300)
    one, other = Ranker(seed=5), Ranker(seed=5)
    untaught = one.predict(some)
    told = one.learn(some, outcomes)
    assert _same(told, other.learn(some, outcomes))
    for name in told:
        assert told[name] == pytest.approx(untaught[name], rel=0.1, abs=0.02), "predicted before it was learned"
    assert _same(one.predict(some), other.predict(some))
    assert one.version == other.version == "r-300"


def test_learning_lowers_the_loss() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=30, items=600)
    ranker = Ranker()
    before = ranker.loss(some, outcomes)
    for _ in range(5):
        ranker.learn(some, outcomes)
    assert ranker.loss(some, outcomes) < before


def test_what_is_not_known_teaches_nothing() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=5, items=50)
    ranker = Ranker(learning=Learning(decay=0.0))
    nothing = Batch({name: np.full(50, np.nan, np.float32) for name in outcomes})
    ranker.learn(some, nothing)
    before = ranker.predict(some)
    ranker.learn(some, nothing)
    assert _same(ranker.predict(some), before)


def test_a_copy_stays_when_the_original_learns_and_a_state_brings_it_back() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=10, items=100)
    ranker = Ranker()
    ranker.learn(some, outcomes)
    kept, state, before = ranker.copy(), ranker.state(), ranker.predict(some)
    ranker.learn(some, outcomes)
    assert _same(kept.predict(some), before)
    assert not _same(ranker.predict(some), before)
    again = Ranker()
    again.restore(state)
    assert _same(again.predict(some), before)
    again.learn(some, outcomes)
    assert _same(again.predict(some), ranker.predict(some))
    assert again.version == ranker.version == "r-200"


def test_a_state_of_another_model_is_refused() -> None:
    with pytest.raises(ModelError):
        Ranker().restore(Ranker(shape=Shape(depth=Depth(hidden=32))).state())
    with pytest.raises(ModelError, match="learned"):
        Ranker().restore({})


def test_one_viewer_beside_many_items_is_the_same_as_one_row_each() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=4, items=60)
    ranker = Ranker()
    ranker.learn(some, outcomes)
    apart = Pairs(some.viewers.take(some.of), some.items, np.arange(60))
    one, other = ranker.predict(some), ranker.predict(apart)
    for name in one:
        assert one[name] == pytest.approx(other[name], rel=1e-4, abs=1e-6)


def test_a_number_that_is_not_finite_counts_as_nothing() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=1, items=2)
    ranker = Ranker()
    odd = some.items.extend({"similar": np.array([[np.nan, np.inf], [np.nan, -np.inf]], np.float32)})
    ranker.learn(Pairs(some.viewers, odd, some.of), outcomes)
    seen = ranker.predict(Pairs(some.viewers, odd, some.of))
    none = ranker.predict(Pairs(some.viewers, some.items.extend({"similar": np.zeros((2, 2), np.float32)}), some.of))
    assert _same(seen, none)
    assert all(np.isfinite(seen[name]).all() for name in seen)


def test_nothing_to_rank_is_an_empty_answer() -> None:
    some, _ = chance(np.random.default_rng(0), viewers=1, items=2)
    none = Pairs(some.viewers, some.items.take(np.zeros(0, np.int64)), np.zeros(0, np.int64))
    assert len(Ranker().predict(none)) == 0
    assert len(Ranker().vectors(none.items)) == 0


def test_retrieval_follows_the_history_without_training() -> None:
    ranker = Ranker()
    for _ in range(4):
        ranker.learn(*_checkerboard(np.random.default_rng(1), 2000))
    columns = blank("viewer", 2)
    columns["viewer"] = np.array([99, 99])
    columns["history_item"][:, :3] = [[2, 4, 6], [1, 3, 5]]
    columns["history_flags"][:, :3] = OUTCOME_BITS["like"]
    items = Batch({**blank("item", 40), "item": np.arange(1, 41)})
    fits = ranker.viewer_vector(Batch(columns)) @ ranker.vectors(items).T
    even = items["item"] % 2 == 0
    assert fits[0, even].min() > fits[0, ~even].max()
    assert fits[1, ~even].min() > fits[1, even].max()


def test_a_skip_pushes_the_viewer_away_from_the_video() -> None:
    columns = blank("viewer", 2)
    columns["history_item"][:, 0] = 7
    columns["history_flags"][:, 0] = [OUTCOME_BITS["like"], OUTCOME_BITS["watch"] | OUTCOME_BITS["skip"]]
    fits = (
        Ranker().viewer_vector(Batch(columns)) @ Ranker().vectors(Batch({**blank("item", 1), "item": np.array([7])})).T
    )
    assert fits[0, 0] > 0.9
    assert fits[1, 0] < -0.9


def test_a_new_video_is_near_others_of_its_author() -> None:
    columns = {**blank("item", 3), "item": np.array([1, 2, 3]), "author": np.array([5, 5, 6])}
    vectors = Ranker().vectors(Batch(columns))
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_all_families_on_are_the_prediction_and_all_off_the_same_for_every_item() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=3, items=40)
    ranker = Ranker()
    ranker.learn(some, outcomes)
    families = ranker.families(some)
    assert families.names == tuple(FAMILIES)
    on = np.array([[True] * len(FAMILIES), [False] * len(FAMILIES)])
    seen, whole = families.heads(on), ranker.predict(some)
    for name in whole:
        assert seen[name][:40] == pytest.approx(whole[name], rel=1e-5, abs=1e-5)
        if name != "watch":
            assert np.ptp(seen[name][40:]) < 1e-6


def test_what_predicting_kept_explains_as_if_it_were_worked_out_again() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=3, items=40)
    ranker = Ranker()
    ranker.learn(some, outcomes)
    for each in (some, Pairs(some.viewers.take(np.array([1])), some.items, np.zeros(len(some.items), np.int64))):
        kept = ranker.predict_kept(each)
        assert all((kept[name] == values).all() for name, values in ranker.predict(each).columns.items())
        again = ranker.families(Pairs(each.viewers, each.items.extend(kept.columns), each.of))
        assert again.parts == pytest.approx(ranker.families(each).parts, abs=1e-6)


def test_the_history_belongs_to_behaviour() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=1, items=20)
    ranker = Ranker()
    for _ in range(5):
        ranker.learn(some, outcomes)
    other = Pairs(some.viewers.extend({"history_item": np.zeros((1, HISTORY), np.int64)}), some.items, some.of)
    mixed = np.array([[name not in ("behaviour", "similar") for name in FAMILIES]])
    one, without = ranker.families(some).heads(mixed), ranker.families(other).heads(mixed)
    for name in one:
        assert one[name] == pytest.approx(without[name], rel=1e-5, abs=1e-6)
    assert not np.allclose(ranker.predict(some)["long_view"], ranker.predict(other)["long_view"])


def test_an_untrained_ranker_still_buries_what_was_rejected() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=20, items=400)
    ranker = Ranker()
    quiet = some.items.extend({"rejected": np.zeros(400, np.float32)})
    rare = outcomes.extend({"not_interested": np.zeros(400, np.float32)})
    for _ in range(5):
        ranker.learn(Pairs(some.viewers, quiet, some.of), rare)
    seen = ranker.predict(pairs({"rejected": np.array([0, 0.875], np.float32)}))["not_interested"]
    assert seen[1] > 50 * seen[0]


def test_a_correction_is_the_gradient_of_the_right_label_less_that_of_the_learned_one() -> None:
    """Half of the rows are learned as no like and corrected at once: it ends where in-time labels end."""
    rng = np.random.default_rng(0)
    learning = Learning(batch=64, decay=0.0)
    timely, late = Ranker(learning=learning), Ranker(learning=learning)
    for _ in range(400):
        some, _ = chance(rng, viewers=8, items=64)
        liked = (rng.random(64) < 0.5).astype(np.float32)
        right = Batch({"like": liked})
        timely.learn(some, right)
        none = Batch({"like": np.zeros(64, np.float32)})
        late.learn(some, none)
        turned = np.flatnonzero(liked)
        changed = Pairs(some.viewers, some.items.take(turned), some.of[turned])
        late.correct(changed, none.take(turned), right.take(turned))
    some, _ = chance(rng, viewers=40, items=2000)
    here, there = timely.predict(some)["like"], late.predict(some)["like"]
    assert here.mean() == pytest.approx(0.5, abs=0.1)
    assert there.mean() == pytest.approx(here.mean(), abs=0.06)
    assert late.version.startswith("r-25600-")


def test_what_did_not_change_is_not_corrected() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=5, items=50)
    ranker = Ranker(learning=Learning(decay=0.0))
    before = ranker.predict(some)
    ranker.correct(some, outcomes, outcomes)
    assert _same(ranker.predict(some), before)


def test_a_weight_of_two_is_a_row_that_comes_twice() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=5, items=50)
    twice = Pairs(some.viewers, some.items.take(np.tile(np.arange(50), 2)), np.tile(some.of, 2))
    learning = Learning(batch=512, decay=0.0, retrieval=0.0)
    one, other = Ranker(learning=learning), Ranker(learning=learning)
    one.learn(some, outcomes.extend({"weight": np.full(50, 2, np.float32)}))
    other.learn(twice, outcomes.take(np.tile(np.arange(50), 2)))
    assert one.table.vectors[1:40] == pytest.approx(other.table.vectors[1:40], abs=1e-5)


def test_ids_are_used_as_of_the_time_of_their_rows() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=5, items=50)
    ranker = Ranker(learning=Learning(admission=Admission(days=1)))
    ranker.learn(some, outcomes.extend({"at": np.full(50, DAY)}))
    held = len(ranker.table)
    other, more = chance(np.random.default_rng(1), viewers=1, items=2, ids=3)
    ranker.learn(other, more.extend({"at": np.full(2, 3 * DAY)}))
    assert 0 < len(ranker.table) < held


def test_a_copy_attached_by_its_parts_predicts_the_same() -> None:
    some, outcomes = chance(np.random.default_rng(0), viewers=30, items=300)
    model = Ranker()
    model.learn(some, outcomes)
    copy = model.copy()
    attached = Ranker.attached(copy.parts())
    before = copy.predict(some)
    model.learn(some, outcomes)
    assert attached.version == copy.version
    assert _same(attached.predict(some), before)
    assert not _same(model.predict(some), before)
    assert np.array_equal(attached.vectors(some.items), copy.vectors(some.items))
