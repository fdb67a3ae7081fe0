"""The first learned model: all heads at once, from embeddings, numbers and the viewer's history.

It starts as the hand-set prior of `linear` and learns online: each row moves it, and nothing has to be learned twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.errors import ModelError
from foryou.core.event import Kind
from foryou.core.inputs import FAMILIES, OUTCOME_BITS, POSITIVE_BITS, Side
from foryou.core.memory import HEAP, Memory
from foryou.core.ports import Keys, Pairs
from foryou.models import deep, layout, network, survival
from foryou.models.attention import kind_of, sum_by
from foryou.models.calibration import Calibration
from foryou.models.embedding import Admission, Embeddings
from foryou.models.families import FirstLayer, RankerFamilies, Upper
from foryou.models.layout import BINARY, OUTPUTS, SURVIVAL, Place
from foryou.models.linear import predictions, seconds_of
from foryou.models.network import Pass
from foryou.models.posterior import Posterior
from foryou.models.remembered import Remembered
from foryou.models.retrieval import Often, contrast, unit
from foryou.models.shape import CONTENT, RETRIEVED, Shape, slot, start

GOOD = [column for column, name in enumerate(BINARY) if OUTCOME_BITS.get(name, 0) & POSITIVE_BITS]
"""The columns of the outcomes that make a pair a positive one."""
ITEM = next(place.columns.start for place in layout.id_places("item") if place.name == "item")
"""The column of the item itself among the ids of an item."""
HALVES: Mapping[Side, str] = {"viewer": "viewer_half", "item": "item_half"}
"""The columns in which `predict_kept` leaves the first layer's input `[items, width of the half]`."""


@dataclass(frozen=True, slots=True)
class Learning:
    """How a ranker learns."""

    batch: int = 512
    """Rows of one step; `learn` cuts longer ones."""
    rate: float = 0.0025
    """Adam's step for the dense parameters."""
    embedding_rate: float = 0.02
    """AdaGrad's step for the embeddings."""
    decay: float = 0.01
    """How fast dense parameters go back to the prior (or to zero, in the deep part), in units of `rate`."""
    embedding_decay: float = 0.0
    """L2 on an embedding, each time that it is used."""
    weights: Mapping[str, float] = field(default_factory=lambda: {SURVIVAL: 0.5})
    """What a head's loss counts; 1 where not named."""
    retrieval: float = 0.05
    """What the retrieval loss of a positive pair counts."""
    unmeasured: float = 0.3
    """What a row counts whose watch was not measured, as in histories that were imported: it says less."""
    memory: int = 100_000
    """Rows after which the running means of the inputs fade."""
    admission: Admission = field(default_factory=Admission)
    """Which ids get an embedding, and for how long."""

    def of_outputs(self) -> NDArray[np.float32]:
        """The weight of each output `[OUTPUTS]`."""
        binary = [self.weights.get(name, 1.0) for name in BINARY]
        hazards = [self.weights.get(SURVIVAL, 1.0)] * (OUTPUTS - len(BINARY))
        return np.array(binary + hazards, np.float32)


class Ranker:
    """A model of every head (see `Model`): wide and deep (Cheng et al., 2016), with target attention."""

    def __init__(
        self, seed: int = 0, shape: Shape | None = None, learning: Learning | None = None, memory: Memory = HEAP
    ) -> None:
        """`memory`: where copies keep their embeddings."""
        self.seed, self.shape, self.learning, self._memory = seed, shape or Shape(), learning or Learning(), memory
        self.learned = self.corrected = self.branch = 0
        self.table = Embeddings(self.shape.dim, seed, admission=self.learning.admission, memory=memory)
        self.params = start(self.shape, seed)
        self.calibration = Calibration(OUTPUTS)
        self.posterior = Posterior(self.shape.depth.experts * self.shape.depth.width)
        self._often = Often()
        self._remembered = Remembered(self.shape.dim + 1)
        self._copied: Upper | None = None
        self._sorted: FirstLayer | None = None
        places = self.shape.places()
        self._columns = {side: _by_family(each) for side, each in places.items()}
        self._means = {side: np.zeros(layout.width(each), np.float32) for side, each in places.items()}

    @property
    def version(self) -> str:
        """Says how many rows it has learned from, how many late labels, and how often it went back to an older one."""
        branch, late = str(self.branch or ""), f"-{self.corrected}" if self.corrected else ""
        return f"r{branch}-{self.learned}{late}"

    def predict(self, pairs: Pairs) -> Batch:
        """One float32 column for each head, `[items]`. An id never learned from counts as none."""
        return predictions(self.logits(pairs), seconds_of(pairs.items))

    def predict_kept(self, pairs: Pairs) -> Batch:
        """As `predict`, with both halves of the first layer's input beside the heads, which `families` reads, and how
        far the value may be off (`Posterior.doubts`)."""
        known = network.look_up(self.table, pairs, admit=False)
        run = network.forward(self.shape, self.table, self.params, pairs, known)
        viewer = (
            run.viewer[run.of]
            if len(run.viewer) > 1
            else np.broadcast_to(run.viewer, (len(pairs), run.viewer.shape[1]))
        )
        doubts = self.posterior.doubts(run.last, pairs.items["effect_evidence"])
        return self._told(run, pairs).extend({HALVES["viewer"]: viewer, HALVES["item"]: run.item, **doubts})

    def logits(self, pairs: Pairs) -> NDArray[np.float32]:
        """The calibrated outputs `[items, OUTPUTS]` that `predict` reads the heads from: for who reads more from them,
        as the median of the seconds watched."""
        known = network.look_up(self.table, pairs, admit=False)
        return self.calibration(network.forward(self.shape, self.table, self.params, pairs, known).logits)

    def _told(self, run: Pass, pairs: Pairs) -> Batch:
        return predictions(self.calibration(run.logits), seconds_of(pairs.items))

    def learn(self, pairs: Pairs, outcomes: Batch) -> Batch:
        """Learn rows in the order given, `Learning.batch` at a time; what was predicted of each batch before its step.

        `outcomes` has a column for each head that is known of at least some rows: 1, 0 or NaN, and seconds for the
        survival head. `finish` also says where watching was cut off by the end of the video. `weight` (1 where there is
        none) says what each row counts, and `at` (ms) as of when its ids are used.
        """
        told = [
            self._step(part, outcomes.take(np.arange(first, first + len(part))))
            for first, part in _parts(pairs, self.learning.batch)
        ]
        return Batch.concat(told) if told else self.predict(pairs)

    def correct(self, pairs: Pairs, learned: Batch, outcomes: Batch) -> None:
        """Rows that were learned with outcomes `learned` turned out as `outcomes`: descend the difference of the
        losses.

        Of a binary head that was learned as 0 and became 1 the gradient is (p - 1) - p = -1, whatever p is now; what
        did not change has none. Early negative and late correction together are in expectation the gradient of the
        true label: the fake-negative idea of Ktena et al. (RecSys 2019), with the row's own negative taken back
        instead of a weight that estimates it.
        """
        for first, part in _parts(pairs, self.learning.batch):
            rows = np.arange(first, first + len(part))
            self._step(part, outcomes.take(rows), learned.take(rows))

    def loss(self, pairs: Pairs, outcomes: Batch) -> float:
        """The loss that `learn` lowers: cross-entropy of every known outcome, weighted by head, summed over heads."""
        known = network.look_up(self.table, pairs, admit=False)
        logits = network.forward(self.shape, self.table, self.params, pairs, known).logits
        return _loss(logits, targets(outcomes), self.learning.of_outputs())

    def vectors(self, items: Batch) -> NDArray[np.float32]:
        """Retrieval vectors `[items, dim]` of length 1: the sum of item, author, sound and mean topic embedding.

        A part never learned from is its fixed random direction, so what shares an author or topic is close from the
        first day.
        """
        return unit(self._mean_vectors(RETRIEVED, [layout.wide(items[name]) for name in RETRIEVED]).sum(axis=1))

    def viewer_vector(self, viewers: Batch) -> NDArray[np.float32]:
        """Retrieval vectors `[viewers, dim]` of length 1, from the viewer's own embedding and their history."""
        past = viewers["history_item"]
        keys = self._mean_vectors(CONTENT, [network.entries(viewers, name) for name in CONTENT]).sum(axis=1)
        kind = kind_of(viewers["history_flags"], past != 0)
        own = self._mean_vectors(("viewer",), [viewers["viewer"][:, None]])[:, 0]
        return unit(network.taste(self.params, own, keys.reshape(*past.shape, -1), kind))

    def families(self, pairs: Pairs) -> RankerFamilies:
        """The first layer's inputs by family; neutral is the mean of what was seen in learning."""
        halves: dict[Side, NDArray[np.float32]]
        if all(name in pairs.items for name in HALVES.values()):
            halves = {side: pairs.items[name] for side, name in HALVES.items()}
        else:
            known = network.look_up(self.table, pairs, admit=False)
            run = network.halves(self.shape, self.table, self.params, pairs, known)
            halves = {"viewer": run.viewer[run.of], "item": run.item}
        parts = np.zeros((len(FAMILIES), len(pairs), self.params["bias"].size), np.float32)
        layer = self._first_layer()
        for side, values in halves.items():
            layer.sides[side].add(values, parts)
        return RankerFamilies(tuple(FAMILIES), self._upper(), layer.neutral, parts, seconds_of(pairs.items))

    def _first_layer(self) -> FirstLayer:
        """Sorted by family, once for each version."""
        if self._sorted is None or self._sorted.version != self.version:
            self._sorted = FirstLayer.of(self.version, self.params, self._columns, self._means)
        return self._sorted

    def _upper(self) -> Upper:
        """What comes after the first layer, copied once for each version."""
        if self._copied is None or self._copied.version != self.version:
            params = self.params.only(deep.PARTS)
            self._copied = Upper(self.version, self.shape.depth, params, self.calibration.copy())
        return self._copied

    def forget(self, viewers: Keys) -> int:
        """Give up the viewers' embeddings, now and under names: all that is kept of each viewer alone."""
        return self.table.forget(slot("viewer"), viewers) + self._remembered.forget(viewers)

    def steer(self, kind: Kind, viewer: int, name: int) -> int:
        """What happens to the viewer's embedding is what happens to their tastes: see `features/snapshots.py`."""
        if kind == Kind.SNAPSHOT:
            self._remembered.keep(viewer, name, self.table.row(slot("viewer"), viewer))
        elif kind == Kind.UNSNAPSHOT:
            self._remembered.drop(viewer, name)
        elif kind == Kind.REFRESH:
            return self.table.forget(slot("viewer"), np.array([viewer], np.int64))
        else:
            row = self._remembered.get(viewer, name)
            return 0 if row is None else self.table.put(slot("viewer"), viewer, row)
        return 0

    def copy(self) -> Ranker:
        """A copy to predict with, that no longer changes when this one learns; it does not learn itself."""
        other = copy(self)
        other.table, other.params = self.table.copy(), self.params.copy()
        other._means = {side: values.copy() for side, values in self._means.items()}
        other.calibration, other.posterior = self.calibration.copy(), self.posterior.copy()
        return other

    def parts(self) -> Mapping[str, Column]:
        """What predicting with a copy reads, as arrays that are not copied."""
        return {
            **{f"table.{name}": values for name, values in self.table.arrays.items()},
            "numbers": np.array([self.learned, self.corrected, self.branch, self.seed, *self.table.numbers]),
            "dense": self.params.flat,
            "calibration": self.calibration.values,
            **{f"posterior.{name}": values for name, values in self.posterior.parts().items()},
            **{f"mean.{name}": values for name, values in self._means.items()},
        }

    @staticmethod
    def attached(parts: Mapping[str, Column], shape: Shape | None = None) -> Ranker:
        """A model to predict with, over the `parts` of a copy in another process."""
        learned, corrected, branch, seed, used, seen = parts["numbers"].tolist()
        found = Ranker(seed, shape)
        found.learned, found.corrected, found.branch = learned, corrected, branch
        found.table = Embeddings.attached(found.shape.dim, seed, _within(parts, "table."), (used, seen))
        found.params = found.params.over(parts["dense"])
        found.calibration.values = parts["calibration"]
        found.posterior = Posterior.attached(_within(parts, "posterior."))
        found._means = {side: parts[f"mean.{side}"] for side in found._means}
        return found

    def state(self) -> Mapping[str, Column]:
        """Everything needed to continue, as arrays."""
        return {
            "learned": np.array([self.learned, self.corrected, self.branch]),
            "seed": np.array([self.seed]),
            "often": self._often.counts.copy(),
            **{f"table.{name}": values for name, values in self.table.state().items()},
            **{f"dense.{name}": values for name, values in self.params.state().items()},
            **{f"calibration.{name}": values for name, values in self.calibration.state().items()},
            **{f"posterior.{name}": values for name, values in self.posterior.state().items()},
            **{f"mean.{name}": values.copy() for name, values in self._means.items()},
            **{f"remembered.{name}": values for name, values in self._remembered.state().items()},
        }

    def restore(self, state: Mapping[str, Column], branch: int | None = None) -> None:
        """ModelError if the state is of a ranker of another shape."""
        try:
            (self.learned, self.corrected, self.branch), self.seed = state["learned"].tolist(), int(state["seed"][0])
            self.table = Embeddings(self.shape.dim, self.seed, admission=self.learning.admission, memory=self._memory)
            self.table.restore(_within(state, "table."))
            self._often, self._copied, self._sorted = Often(state["often"]), None, None
            self.params.restore(_within(state, "dense."))
            self.calibration.restore(_within(state, "calibration."))
            self.posterior.restore(_within(state, "posterior."))
            self._means = {side: np.array(state[f"mean.{side}"], np.float32) for side in self._means}
            self._remembered = Remembered(self.shape.dim + 1)
            self._remembered.restore(_within(state, "remembered."))
            self.branch = self.branch if branch is None else branch
        except KeyError as missing:
            raise ModelError(f"no {missing} in the state of a ranker; there are {', '.join(state)}") from None

    def _mean_vectors(self, names: tuple[str, ...], ids: list[Column]) -> NDArray[np.float32]:
        """The mean vectors of the ids `[rows, width]` of each of some inputs, the initial one where nothing was
        learned, `[rows, inputs, dim]`."""
        widths = np.array([each.shape[1] for each in ids])
        slots = np.repeat(np.array([slot(name) for name in names]), widths)
        return self.table.means(slots, widths, np.concatenate(ids, axis=1))

    def _step(self, pairs: Pairs, outcomes: Batch, learned: Batch | None = None) -> Batch:
        """One step; what was predicted before it. With `learned`, what rows were learned as is unlearned in it."""
        if "at" in outcomes:
            self._often.forget(self.table.tend(int(outcomes["at"].max())))
        known = network.look_up(self.table, pairs, admit=learned is None)
        run = network.forward(self.shape, self.table, self.params, pairs, known)
        weights, truth = self.learning.of_outputs(), targets(outcomes)
        sums = self.table.gradient()
        counts = self._weight(outcomes)
        d_logits = d_loss(run.logits, truth, weights) * counts
        good = _good(truth)
        told = None if learned is None else targets(learned)
        if learned is not None and told is not None:
            d_logits -= d_loss(run.logits, told, weights) * self._weight(learned)
            good &= ~_good(told)
        dense = network.backward(self.shape, self.params, run, d_logits, sums, self._retrieval(run, good))
        predicted = self._told(run, pairs)
        self.calibration.see(run.logits, truth, counts, told)
        of, share = self.learning, len(pairs) / self.learning.batch
        self.params.descend(dense / np.float32(len(pairs)), of.rate, of.decay, share)
        self.table.descend(sums, of.embedding_rate, of.embedding_decay)
        if learned is not None:
            self.corrected += len(pairs)
            return predicted
        self.posterior.see(run.last, predicted, outcomes, counts)
        self.learned += len(pairs)
        share = len(pairs) / min(self.learned, self.learning.memory)
        self._means["viewer"] += min(share, 1.0) * (run.viewer[run.of].mean(axis=0) - self._means["viewer"])
        self._means["item"] += min(share, 1.0) * (run.item.mean(axis=0) - self._means["item"])
        return predicted

    def _weight(self, outcomes: Batch) -> NDArray[np.float32]:
        """What each row counts `[rows, 1]`."""
        weight = np.ones(len(outcomes), np.float32) if "weight" not in outcomes else outcomes["weight"]
        if SURVIVAL in outcomes:
            weight = np.where(np.isnan(outcomes[SURVIVAL]), np.float32(self.learning.unmeasured) * weight, weight)
        return np.asarray(weight[:, None], np.float32)

    def _retrieval(self, run: Pass, good: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The gradients of the retrieval loss of the good pairs, with respect to tastes and item vectors."""
        items = run.known.item[:, ITEM]
        rows = np.flatnonzero(good & (items != 0))
        tastes, of = network.tastes(self.shape, run), run.of[rows]
        often = self._often.see(items[rows])
        _, d_taste, d_vector = contrast(tastes[of], run.vector[rows], items[rows], often)
        d_tastes, d_vectors = np.zeros_like(tastes), np.zeros_like(run.vector)
        sum_by(self.learning.retrieval * d_taste, of, d_tastes)
        d_vectors[rows] = self.learning.retrieval * d_vector
        return d_tastes, d_vectors


def _parts(pairs: Pairs, size: int) -> Iterator[tuple[int, Pairs]]:
    """Pairs cut into parts of at most `size` rows, each with only its own viewers; with the first row of each."""
    for first in range(0, len(pairs), size):
        rows = np.arange(first, min(first + size, len(pairs)))
        viewers, of = np.unique(pairs.of[rows], return_inverse=True)
        yield first, Pairs(pairs.viewers.take(viewers), pairs.items.take(rows), of)


def _good(truth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows are positive pairs."""
    return np.asarray((truth[:, GOOD] == 1).any(axis=1))


def targets(outcomes: Batch) -> NDArray[np.float32]:
    """What each output should have been `[rows, OUTPUTS]`, NaN where that is not known."""
    out = np.full((len(outcomes), OUTPUTS), np.nan, np.float32)
    for column, name in enumerate(BINARY):
        if name in outcomes:
            out[:, column] = outcomes[name]
    if SURVIVAL in outcomes:
        ended = outcomes["finish"] == 1 if "finish" in outcomes else np.zeros(len(outcomes), np.bool_)
        out[:, layout.HAZARDS] = survival.targets(outcomes[SURVIVAL], ended)
    return out


def _loss(logits: NDArray[np.float32], targets: NDArray[np.float32], weights: NDArray[np.float32]) -> float:
    """Weighted cross-entropy over known targets, summed over outputs, mean over rows."""
    known = ~np.isnan(targets)
    truth = np.where(known, targets, 0)
    each = np.maximum(logits, 0) - logits * truth + np.log1p(np.exp(-np.abs(logits)))
    return float(np.sum(np.where(known, each, 0) * weights, dtype=np.float64) / max(len(logits), 1))


def d_loss(
    logits: NDArray[np.float32], targets: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The gradient of the loss of each row with respect to its logits `[rows, OUTPUTS]`."""
    return np.where(np.isnan(targets), np.float32(0), (layout.sigmoid(logits) - targets) * weights)


def _within(state: Mapping[str, Column], prefix: str) -> dict[str, Column]:
    return {name.removeprefix(prefix): values for name, values in state.items() if name.startswith(prefix)}


def _by_family(places: tuple[Place, ...]) -> dict[str, NDArray[np.int64]]:
    """The columns of each family."""
    out: dict[str, list[int]] = {}
    for place in places:
        out.setdefault(place.family, []).extend(range(place.columns.start, place.columns.stop))
    return {family: np.array(columns) for family, columns in out.items()}
