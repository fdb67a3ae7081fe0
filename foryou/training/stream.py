"""Learning while serving: the log in, better models out, each row predicted before it is learned.

It follows the log one batch at a time and is deterministic: the same log and seed give the same models. Now and then a
version is kept, and the model is tried against it from then on: if it gets worse it is held, and goes back if it stays
worse.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import SECOND
from foryou.core.errors import ModelError, NotFound, SettingsError
from foryou.core.event import Kind
from foryou.core.heads import HEADS
from foryou.core.ids import id_of, pair_of
from foryou.core.inputs import INPUTS
from foryou.core.ports import Keys, Model, Models, Pairs, Store
from foryou.features import snapshots
from foryou.features.catalog import paused
from foryou.features.fold import fold_events
from foryou.features.hydrate import without_demographics
from foryou.features.reach_settings import ReachSettings
from foryou.features.trust import TrustSettings
from foryou.models.registry import Kept, Trial
from foryou.training.examples import ITEM_COLUMNS, VIEWER_COLUMNS, Examples, as_of_now
from foryou.training.fair import WatchRanks
from foryou.training.join import Join, Lesson
from foryou.training.lined import packed, under, unpacked
from foryou.training.progress import Progress

SCHEMA = id_of("schema", repr((INPUTS, HEADS, ITEM_COLUMNS, VIEWER_COLUMNS, 5)))
"""Changes whenever what a learner keeps would no longer fit."""
TOGETHER = 100
"""Events that come within so many ms make lessons together: a step for one row costs as much as one for thirty."""
TRIED = 16
"""One row in so many is predicted by the version in reserve too."""
Listener = Callable[[Examples, Batch], None]
"""Told of every learned batch: the examples, and what was predicted before learning them."""


@dataclass(frozen=True)
class LearningSettings:
    """How the model learns while serving."""

    seed: int = field(default=1, metadata={"help": "start of the model's random numbers"})
    window_s: float = field(
        default=120.0, metadata={"help": "seconds that an exposure waits for its watch event before it is learned"}
    )
    late_s: float = field(
        default=86_400.0, metadata={"help": "seconds after an exposure in which outcomes may still correct it"}
    )
    late_mb: float = field(
        default=128.0, metadata={"help": "memory for exposures that outcomes may join; the oldest go first, MB"}
    )
    negatives: float = field(
        default=1.0,
        metadata={"help": "share of the exposures without any reaction that is learned, weighted up for it"},
    )
    imported: float = field(
        default=1.0,
        metadata={"help": "share that is learned of the exposures that were over for `late_s` when they came"},
    )
    batch: int = field(default=512, metadata={"help": "most rows learned in one step"})
    publish_every_s: float = field(
        default=0.5, metadata={"help": "least seconds between two versions that are swapped in"}
    )
    refresh_s: float = field(
        default=60.0, metadata={"help": "seconds after which the vectors of all videos are computed again, bit by bit"}
    )
    admit_after: int = field(default=2, metadata={"help": "occurrences after which an id gets an embedding"})
    expire_days: float = field(
        default=30.0, metadata={"help": "days without use after which an id loses its embedding"}
    )
    embeddings: int = field(
        default=2_000_000, metadata={"help": "embeddings at most; the least recently used are given up first"}
    )
    keep_every: int = field(
        default=50_000, metadata={"help": "learned rows after which a version is kept, unless it got worse"}
    )
    keep: int = field(default=8, metadata={"help": "versions that are kept"})
    warm_start: str = field(
        default="", metadata={"help": "file of a kept version that an empty deployment starts from"}
    )

    def __post_init__(self) -> None:
        for name in ("window_s", "late_s", "late_mb", "publish_every_s", "refresh_s", "expire_days"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise SettingsError(f"learning.{name} is {value}; expected 0 or more")
        for name in ("batch", "admit_after", "embeddings", "keep_every", "keep"):
            if getattr(self, name) < 1:
                raise SettingsError(f"learning.{name} is {getattr(self, name)}; expected 1 or more")
        for name in ("negatives", "imported"):
            if not 0 < getattr(self, name) <= 1:
                raise SettingsError(f"learning.{name} is {getattr(self, name)}; expected a share above 0, at most 1")


@dataclass
class Learner:
    """The learning side: rows that wait for outcomes, lessons that wait to be learned, and the model that learns."""

    model: Model
    settings: LearningSettings
    listener: Listener | None = None
    demographics: bool = True
    """Whether age band, gender and country may be learned from."""
    models: Models | None = None
    """Where versions are kept; without it none are, and nothing is tried."""
    trust: TrustSettings = field(default_factory=TrustSettings)
    """How much engagement counts that may not be real."""
    reach: ReachSettings = field(default_factory=ReachSettings)
    """How new videos find their audience."""
    learned: int = 0
    corrected: int = 0
    steered: int = 0
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        of = self.settings
        self._join = Join(of.window_s, of.late_s, of.late_mb, of.negatives)
        self._queue: deque[Lesson] = deque()
        self._cut = 0
        """Lessons that were lined up so far."""
        self._steps: deque[tuple[int, int, int, int]] = deque()
        """What viewers do with what is held of them (see `Model.steer`), each after so many lessons: the count, kind,
        viewer and name."""
        self._ranks = WatchRanks()
        self._trial = Trial()
        self.reserve: Model | None = None
        """A copy of the latest version that was kept: what serves while the model is held."""
        self._worse_since = self._branch = self._came = 0
        self._items: list[Column] = []

    def fold(self, store: Store, rows: Batch) -> None:
        """Fold a batch of events into the tables, keeping what there is to learn from it.

        What came within TOGETHER ms is learned together. Lessons are cut here and not where they are learned, so that
        they depend on the log alone.
        """
        came = int(rows["received"].max()) // TOGETHER if len(rows) else self._came
        if came != self._came:
            self.seal()
        self._came = came
        strangers = self._some(self._join.strangers(rows))
        if len(strangers):
            strangers = strangers.take(~paused(store, strangers["viewer"], strangers["at"]))
        pairs = as_of_now(store, strangers) if len(strangers) else None
        if pairs is not None and not self.demographics:
            pairs = replace(pairs, viewers=without_demographics(pairs.viewers))
        names = snapshots.named(store, rows)
        reactions = fold_events(store, rows, self.trust, self.reach)
        known = rows.take(rows["kind"] == Kind.SEEN)
        if len(known):
            self._join.pass_over(known["viewer"], known["video"])
        if pairs is not None:
            self._join.expect(strangers["viewer"], strangers["video"], strangers["at"], pairs)
        self._join.observe(reactions)
        if self._join.pending >= self.settings.batch:
            self.seal()
        for step in snapshots.steps(store, rows, names):
            self.seal()  # what came before this is learned before it
            self._steps.append((self._cut, *step))

    def _some(self, strangers: Batch) -> Batch:
        """Leaves out a share of the exposures that are history, chosen by a hash: any log leaves out the same."""
        if self.settings.imported == 1:
            return strangers
        drawn = pair_of(pair_of(strangers["viewer"], strangers["video"]), strangers["at"]) / float(1 << 63)
        history = strangers["received"] - strangers["at"] > self.settings.late_s * SECOND
        return strangers.take(~history | (drawn < self.settings.imported))

    def serve(self, rows: Batch) -> None:
        """A slate was logged: its rows wait for their outcomes."""
        if "rejected" in rows:
            pairs = Pairs(
                rows.take(np.zeros(1, np.int64)).select(VIEWER_COLUMNS),
                rows.select(ITEM_COLUMNS),
                np.zeros(len(rows), np.int64),
            )
            self._join.expect(rows["viewer"], rows["item"], rows["at"], pairs)

    def due(self, now: int) -> bool:
        """Whether outcomes have come that no later events will make lessons of in time; `now` ms, as events come."""
        return self._join.pending > 0 and now // TOGETHER != self._came

    def seal(self) -> None:
        """Make lessons of what came; it waits for nothing that would come together with it."""
        if self._join.pending:
            self._line_up(self._join.ready(self.settings.batch))

    def _line_up(self, lessons: list[Lesson]) -> None:
        self._queue.extend(lessons)
        self._cut += len(lessons)

    @property
    def waiting(self) -> int:
        """Rows ready to be learned."""
        return sum(len(lesson) for lesson in list(self._queue))

    @property
    def held(self) -> bool:
        """Whether the model is worse than the version in reserve, and should not serve."""
        return self.reserve is not None and self._trial.worse

    @property
    def steps(self) -> int:
        """Rows, corrections and changes that viewers made themselves, so far."""
        return self.learned + self.corrected + self.steered

    def fresh(self) -> tuple[Model, int, tuple[int, bool]]:
        """What should serve now: a copy of the model, or while that is held the version in reserve; the steps so far;
        and the line, which changes when this did not come by learning from what should serve before."""
        held = self.held
        model = self.reserve if held and self.reserve is not None else self.model.copy()
        return model, self.steps, (self._branch, held)

    def counts(self) -> dict[str, int]:
        """What was done and what waits, in rows; `joined` are those that outcomes can still join."""
        return {
            "learned": self.learned,
            "corrected": self.corrected,
            "waiting": self.waiting,
            "joined": len(self._join),
            "held": int(self.held),
        }

    def told(self) -> dict[str, object]:
        """The version that learns, the one in reserve, and how good and how calibrated the predictions are."""
        return {
            "learning": self.model.version,
            "reserve": self.reserve.version if self.reserve is not None else "",
            "held": self.held,
            "heads": self.progress.measures(),
            "reliability": self.progress.reliability(),
        }

    def flush(self) -> None:
        """Wait for no more watch events: every row that was shown may be learned now."""
        self._line_up(self._join.ready(self.settings.batch, everything=True))

    def step(self, most: int | None = None) -> int:
        """Learn the lessons that are ready, at least one and until `most` rows; how many rows, corrections too.

        May run while another thread folds: that one only adds to the end of the queue.
        """
        done = self._steer()
        while self._queue and (most is None or done < most):
            lesson = self._queue.popleft()
            self._items.append(lesson.examples.pairs.items["item"])
            if lesson.learned is None:
                self._learn(lesson)
            else:
                pairs = lesson.examples.pairs
                learned, outcomes = (self._ranked(pairs, each) for each in (lesson.learned, lesson.examples.outcomes))
                self.model.correct(pairs, learned, outcomes)
                self.progress.correct(lesson.number, learned, outcomes)
                self.corrected += len(lesson)
            done += len(lesson) + self._steer()
        return done

    def _steer(self) -> int:
        """Do what viewers asked for, whose turn has come; how many rows changed."""
        done = 0
        while self._steps and self._steps[0][0] <= self._cut - len(self._queue):
            _, kind, viewer, name = self._steps.popleft()
            done += self.model.steer(Kind(kind), viewer, name)
        self.steered += done
        return done

    def moved(self) -> Column:
        """The items whose own rows were learned since this was last asked."""
        items, self._items = self._items, []
        return np.unique(np.concatenate(items)) if items else np.zeros(0, np.int64)

    def _ranked(self, pairs: Pairs, outcomes: Batch) -> Batch:
        """Outcomes with `watch_rank`, as watches compare so far."""
        return outcomes.extend({"watch_rank": self._ranks.rank(pairs.items["length"], outcomes["watch"])})

    def _learn(self, lesson: Lesson) -> None:
        pairs = lesson.examples.pairs
        examples = Examples(pairs, self._ranked(pairs, lesson.examples.outcomes))
        self._ranks.see(pairs.items["length"], examples.outcomes["watch"])
        predicted = self.model.learn(examples.pairs, examples.outcomes)
        self._try(lesson, predicted)
        viewer = examples.pairs.viewers["viewer"][examples.pairs.of]
        self.progress.add(lesson.number, viewer, predicted, examples.outcomes)
        before, self.learned = self.learned, self.learned + len(lesson)
        if self.listener is not None:
            self.listener(examples, predicted)
        if self.models is not None and self.learned // self.settings.keep_every > before // self.settings.keep_every:
            self._keep(self.models)

    def _try(self, lesson: Lesson, predicted: Batch) -> None:
        """Predict some of the rows with the version in reserve too, and note since when the model is worse."""
        rows = np.flatnonzero(lesson.number % TRIED == 0)
        if self.reserve is None or len(rows) == 0:
            return
        some = lesson.examples.take(rows)
        self._trial.add(predicted.take(rows), self.reserve.predict(some.pairs), some.outcomes)
        self._worse_since = (self._worse_since or self.learned) if self._trial.worse else 0

    def _keep(self, models: Models) -> None:
        """Keep the model as the version in reserve, unless it is worse than that; if it was so for long, go back."""
        if self.held:
            assert self.reserve is not None
            if self.learned - self._worse_since >= self.settings.keep_every // 2:
                self.go_back(self.reserve.version)
            return
        parent = self.reserve.version if self.reserve is not None else ""
        about = Kept(self.model.version, parent, self.learned, self._join.now, self.progress.measures())
        models.keep(self.model.version, self.model.state(), about.told())
        self._reserve()

    def _reserve(self) -> None:
        self.reserve, self._trial, self._worse_since = self.model.copy(), Trial(), 0

    def go_back(self, version: str) -> None:
        """Go on from a version that was kept, under new names. NotFound if there is no such version."""
        if self.models is None:
            raise NotFound(f"there is no model {version!r}: none are kept")
        state = self.models.read(version)
        self._branch += 1
        self.model.restore(state, self._branch)
        self._reserve()

    def forget(self, viewer: int) -> dict[str, int]:
        """Give up what waits of a viewer, and what was learned of them alone; how many rows of each that were."""
        gone = np.array([viewer], np.int64)
        kept, waited = [], self._join.forget(viewer)
        for lesson in self._queue:
            of = lesson.examples.pairs
            mine = of.viewers["viewer"][of.of] == viewer
            waited += int(mine.sum())
            if not mine.all():
                kept.append(lesson.take(np.flatnonzero(~mine)) if mine.any() else lesson)
        self._steps = deque(each for each in self._steps if each[2] != viewer)
        self._queue = deque(kept)
        self.progress.forget(gone)
        if self.reserve is not None:
            self.reserve.forget(gone)
        return {"waiting": waited, "embeddings": self.model.forget(gone)}

    @property
    def viewers(self) -> Keys:
        """Those of whom something waits."""
        queued = [np.unique(lesson.examples.pairs.viewers["viewer"]) for lesson in self._queue]
        return np.unique(np.concatenate([self._join.viewers, *queued]))

    def state(self) -> Mapping[str, Column]:
        """Everything needed to continue after a restart, as arrays."""
        taken = self._cut - len(self._queue)
        held: dict[str, Column] = {
            "steps": np.array([(cut - taken, *step) for cut, *step in self._steps], np.int64).reshape(-1, 4),
            "schema": np.array([SCHEMA]),
            "counts": np.array(
                [self.learned, self.corrected, self.steered, self._worse_since, self._branch, self._came]
            ),
            "reserve": np.array([self.reserve.version if self.reserve is not None else ""]),
        }
        for prefix, state in (
            ("model", self.model.state()),
            ("join", self._join.state()),
            ("progress", self.progress.state()),
            ("ranks", self._ranks.state()),
            ("trial", self._trial.state()),
            ("queue", packed(list(self._queue))),
        ):
            held |= {f"{prefix}.{name}": values for name, values in state.items()}
        return held

    def restore(self, state: Mapping[str, Column]) -> None:
        """Continue from `state`. ModelError if it was kept by a version with other inputs, heads or parameters."""
        if "schema" not in state or int(state["schema"][0]) != SCHEMA:
            raise ModelError("the learner's state was kept by a version with other inputs or heads")
        counts = state["counts"].tolist()
        self.learned, self.corrected, self.steered, self._worse_since, self._branch, self._came = counts
        self.reserve = self._in_reserve(str(state["reserve"][0]))
        self.model.restore(under(state, "model."))
        self._join.restore(under(state, "join."))
        self.progress.restore(under(state, "progress."))
        self._ranks.restore(under(state, "ranks."))
        self._trial.restore(under(state, "trial."))
        self._queue = deque(unpacked(under(state, "queue.")))
        self._cut = len(self._queue)
        self._steps = deque((cut, kind, viewer, name) for cut, kind, viewer, name in state["steps"].tolist())

    def _in_reserve(self, version: str) -> Model | None:
        """The version of that name, from where versions are kept; nothing if it is not there any more."""
        if self.models is None or version not in {row["version"] for row in self.models.all()}:
            return None
        self.model.restore(self.models.read(version))
        return self.model.copy()
