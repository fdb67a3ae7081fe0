"""Serving: from what a client asks to a slate that is logged, and to what can be told of viewers and videos.

It reads tables, vectors and models, wherever they are written, and writes nothing: a slate is handed to `log`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import Clock
from foryou.core.event import Kind, events
from foryou.core.ids import id_of
from foryou.core.pipeline import ANSWER, FALLBACK, Pipeline, Request, Slate, Trace
from foryou.core.ports import Documents, Index, Model, Store
from foryou.explaining import Explanations
from foryou.features.asking import asked, named
from foryou.features.counters import totals
from foryou.features.draft import Draft
from foryou.features.fold import fold_events
from foryou.feed import recipe
from foryou.feed.cards import shown
from foryou.feed.considered import is_drawn, packed
from foryou.feed.explain import keep
from foryou.feed.how import LATEST, how
from foryou.feed.journey import journey
from foryou.feed.numbers import Numbers
from foryou.feed.preview import check, told
from foryou.feed.profile import profile
from foryou.feed.recipe import SURFACES
from foryou.feed.serve import Ask, Served, log_rows, request_for
from foryou.feed.signals import evidence
from foryou.feed.stages_told import stages_told
from foryou.feed.withheld import withheld
from foryou.models.linear import Linear
from foryou.pages import Pages, there
from foryou.settings import Settings
from foryou.versions import Version


@dataclass
class Feeds:
    """Slates from a store and the version in use. Any thread may ask; slates are made one at a time, so that the pages
    of a session never overlap."""

    store: Store
    documents: Documents
    settings: Settings
    clock: Clock
    version: Callable[[], Version]
    texts: Callable[[], Index]
    reached: Callable[[], int]
    """Brings the tables to where the log ends, as far as that is for who serves; the log offset that they reached."""
    log: Callable[[Batch], None]
    explanations: Explanations
    numbers: Numbers
    fallback: Model = field(default_factory=Linear)

    def __post_init__(self) -> None:
        self.pages = Pages(self.store, self.documents)
        self._one = threading.Lock()
        self._pinned: Version | None = None
        feed = self.settings.feed
        self._policy = recipe.policy(feed, self.store, lambda: self._in_use().index)
        self.recipes = {
            "for_you": self._for_you(self.store),
            "following": recipe.following(self.store, feed),
            "plain": recipe.plain(self.store),
        }

    def _for_you(self, store: Store) -> Pipeline:
        return recipe.for_you(
            store,
            lambda: self._in_use().model,
            lambda: self._in_use().index,
            lambda: self._in_use().codebook,
            self.texts,
            self.fallback,
            self.settings.feed,
            self.settings.reach,
        )

    def feed(self, ask: Ask, due: float = inf) -> Served:
        """The next slate for a viewer; it is logged before it is answered, and explained when there is time.

        With a time on the scale of `time.perf_counter` at which it is due, it may be degraded (see `Pipeline`).
        """
        pipeline = self.recipes[ask.surface]
        with self._one, self._pinning() as version:
            number = self.numbers.next(self.clock())
            request = self._request(ask, number)
            slate, trace = pipeline(request, due)
            model = self.fallback if any(step.name == FALLBACK for step in trace.steps) else version.model
            if len(slate):
                with pipeline.costs.measured(ANSWER):
                    considered = self._considered(request, trace, slate)
                    self.log(log_rows(request, slate, model.version, trace.degraded, considered))
                    self.explanations.keep(keep(request, slate, trace, model, ask.surface))
        kept_back = withheld(self.store, self.documents, request, trace) if len(slate) < ask.n else []
        items = self._items(slate, request.viewer_id)
        return Served(str(number), ask.surface, model.version, items, trace, kept_back)

    def _considered(self, request: Request, trace: Trace, slate: Slate) -> bytes:
        """For some slates all that they were chosen from."""
        if "rejected" not in slate or not is_drawn(request, self.settings.feed.considered):
            return b""
        return packed(request, trace.candidates, slate, self._policy)

    @contextmanager
    def _pinning(self) -> Iterator[Version]:
        """One version for all stages of a slate, whatever is swapped in meanwhile."""
        self._pinned = self.version()
        try:
            yield self._pinned
        finally:
            self._pinned = None

    def _in_use(self) -> Version:
        return self._pinned or self.version()

    def warm_up(self) -> None:
        """Make a slate for nobody and forget it, and what it took: what is compiled is then loaded."""
        for surface in SURFACES:
            self.recipes[surface](self._request(Ask(surface=surface, session="warm-up"), 0))
            self.recipes[surface].costs.forget()

    def video(self, video: str) -> dict[str, object]:
        """What is known of a video. NotFound if it was never described, or was removed."""
        number = self._there(video)
        card = shown(self.store, self.documents, np.array([number], np.int64))[0]
        asks, baits = (named(int(bits[0])) for bits in asked(self.store, np.array([number], np.int64)))
        return {**card, "outcomes": totals(self.store, number), "asks": asks, "baits": baits}

    def reach(self, video: str, language: str = "en") -> dict[str, object]:
        """How far a video has come and why. NotFound if it was never described, or was removed."""
        self._there(video)
        return journey(self.store, self.documents, self.settings.reach, video, self.clock(), language)

    def stages(self) -> list[dict[str, object]]:
        """How new videos fare as a whole, stage by stage."""
        return stages_told(self.store, self.settings.reach, self.clock())

    def _there(self, video: str) -> int:
        """The id of a video. NotFound if it was never described, or was removed."""
        return there(self.store, video)

    def viewer(self, viewer: str) -> dict[str, object]:
        """What is known of a viewer, in words they can check: interests, less-ofs, this week's signals."""
        return profile(self.store, self.documents, viewer, self.clock())

    def how(self, language: str = "en") -> dict[str, object]:
        """How For You works, from the weights and rules in use. InvalidEvent for a language that is not spoken."""
        of, explained = self.settings, self.explanations.latest(LATEST)
        return how(of.feed, of.reach, of.demographics, explained, language)

    def evidence(self, viewer: str, kind: str, name: str) -> list[dict[str, object]]:
        """What a viewer did lately that speaks for or against an author, a sound or a hashtag; newest first."""
        return evidence(self.store, self.documents, id_of("viewer", viewer), kind, name, self.clock())

    def preview(self, ask: Ask, rows: Batch) -> dict[str, object]:
        """What a viewer would get next if these events had come, beside what they get now. Nothing is logged, learned
        or changed. InvalidEvent for events that are no control of a feed."""
        draft = Draft(self.store)
        check(rows)
        fold_events(draft, rows, self.settings.trust, self.settings.reach)
        with self._one, self._pinning():
            reached, at = self.reached(), self.clock()
            now, then = (self._would_be(ask, store, reached, at) for store in (self.store, draft))
        whose = id_of("viewer", ask.viewer)
        return told(self._items(now[0], whose), self._items(then[0], whose), then[1])

    def rehearse(self) -> None:
        """Try a wish of nobody and tell what is known of them, so that what that takes is loaded: a process that only
        serves folds nothing otherwise."""
        wish = {"kind": [int(Kind.PREFER)], "viewer": [1], "author": [1], "strength": [1.0], "at": [self.clock()]}
        self.preview(Ask(session="warm-up"), events({name: np.array(value) for name, value in wish.items()}))
        self.viewer("")

    def _would_be(self, ask: Ask, store: Store, reached: int, at: int) -> tuple[Slate, list[dict[str, object]]]:
        """A slate that nobody gets, of For You, and what is withheld from it."""
        of = self.settings
        request = request_for(ask, store, self._in_use().model, 0, at, reached, of.feed.seed, of.demographics)
        pipeline = self.recipes["for_you"] if store is self.store else self._for_you(store)
        slate, trace = pipeline(request, inf)
        return slate, withheld(store, self.documents, request, trace) if len(slate) < ask.n else []

    def _request(self, ask: Ask, number: int) -> Request:
        of, model = self.settings, self._in_use().model
        return request_for(ask, self.store, model, number, self.clock(), self.reached(), of.feed.seed, of.demographics)

    def _items(self, slate: Slate, viewer: int) -> list[dict[str, object]]:
        known = shown(self.store, self.documents, slate["item"], viewer)
        source, score = slate["source"].tolist(), slate["score"].tolist() if len(slate) else []
        return [
            {**card, "position": place, "source": recipe.SOURCES[source[place]], "score": score[place]}
            for place, card in enumerate(known)
        ]
