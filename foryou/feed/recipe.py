"""The feeds, each on one page: which sources, filters, scorers and rerankers, in which order, with which settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite

from foryou.core.clock import DAY
from foryou.core.errors import SettingsError
from foryou.core.heads import HEADS
from foryou.core.pipeline import Budget, Pipeline
from foryou.core.ports import Index, Model, Store
from foryou.features.reach import lacking_look
from foryou.features.reach_settings import DEFAULT, ReachSettings
from foryou.features.seen import KEPT
from foryou.feed.considered import Policy
from foryou.feed.hydrators import Catalog, Inputs
from foryou.filters.eligible import available, not_own, understood, wanted
from foryou.filters.graph import NotBlocked, NotHidden, NotMentioned
from foryou.filters.seen import NotSeen, NotServed
from foryou.models.clusters import Codebook
from foryou.rerankers.arrange import Arrange
from foryou.rerankers.score import by_score
from foryou.scorers.affinity import Affinity
from foryou.scorers.author_taste import AuthorTaste
from foryou.scorers.fresh import Freshness
from foryou.scorers.predict import Predict
from foryou.scorers.value import Value, source_score
from foryou.scorers.wishes import Wishes
from foryou.sources.clusters import Clusters
from foryou.sources.content import Content
from foryou.sources.following import Following
from foryou.sources.nearest import Nearest
from foryou.sources.popular import Popular
from foryou.sources.similar import Similar
from foryou.sources.trial import Trial
from foryou.sources.wished import Wished

SOURCES = ("nearest", "similar", "following", "popular", "fresh", "clusters", "content", "wished")
"""Their positions are logged: a new one comes last."""
SURFACES = ("for_you", "following", "plain")
UNWANTED = "unwanted"
"""The rule by which nothing comes of what a viewer prefers nothing of."""
BESIDE = ("affinity", "author_taste", "freshness", "wishes")
"""Parts of the score beside the heads, in the order in which they are added: columns that are logged and told."""


@dataclass(frozen=True)
class FeedSettings:
    """The knobs of the feed."""

    ranked: int = field(default=500, metadata={"help": "candidates that the model ranks, at most"})
    retrieved: int = field(
        default=1500, metadata={"help": "candidates that all sources bring together, each as its share of places"}
    )
    nearest: int = field(default=75, metadata={"help": "places of `ranked` for the nearest vectors"})
    similar: int = field(default=100, metadata={"help": "places for co-engagement with recent positives"})
    following: int = field(default=50, metadata={"help": "places for followed authors"})
    popular: int = field(default=125, metadata={"help": "places for the popular in the viewer's country and language"})
    fresh: int = field(default=50, metadata={"help": "places for videos that look for an audience"})
    clusters: int = field(default=50, metadata={"help": "places for the viewer's several themes"})
    content: int = field(default=50, metadata={"help": "places for texts nearest to those of recent positives"})
    wished: int = field(default=60, metadata={"help": "places, beside all others, for what a viewer asked for more of"})
    themes: int = field(default=6, metadata={"help": "themes of a viewer that are looked for at once"})
    affinity: float = field(
        default=1.0,
        metadata={"help": "what fitting the viewer's known tastes is worth beside what is predicted, in the score"},
    )
    author_taste: float = field(
        default=2.0,
        metadata={
            "help": "what it is worth that the author of a new video likes what the viewer likes, in the score; "
            "until `reach.author_views` saw it"
        },
    )
    freshness: float = field(
        default=0.05,
        metadata={"help": "what a video that is just uploaded is worth more than an old one, in the score"},
    )
    wishes: float = field(
        default=0.3, metadata={"help": "what twice as much of something is worth to who asks for it, in the score"}
    )
    half_life_h: float = field(default=24.0, metadata={"help": "hours after which half of `freshness` is left"})
    exploration: float = field(
        default=0.07,
        metadata={
            "help": "part of the places that go to new videos on trial: first looks by fit, others by Thompson sampling"
        },
    )
    first_look: float = field(
        default=1.0,
        metadata={
            "help": "what being unseen is worth to a video on trial beside others, in the score; until four saw it"
        },
    )
    first_fit: float = field(
        default=8.0,
        metadata={
            "help": "how much more fitting the viewer counts in a first look than in the score: who sees a video first "
            "is who it fits; 0: chance"
        },
    )
    probes: float = field(
        default=0.3,
        metadata={"help": "part of a new viewer's places that look for what they like; fades as they watch"},
    )
    temperature: float = field(
        default=0.01, metadata={"help": "how much chance is in the order, in units of the score; 0: none"}
    )
    diversity: float = field(
        default=0.1, metadata={"help": "score given up for sharing all hashtags with those just before"}
    )
    fatigue: float = field(
        default=0.05, metadata={"help": "score given up, at most, for what the viewer was shown in the last hours"}
    )
    author_gap: int = field(default=5, metadata={"help": "videos between two of the same author"})
    sound_gap: int = field(default=3, metadata={"help": "videos between two with the same sound"})
    seen_days: float = field(
        default=30.0, metadata={"help": "days in which a seen video is not shown again, at most 90"}
    )
    considered: float = field(
        default=0.02,
        metadata={"help": "share of slates logged with all candidates, to estimate from what other weights would do"},
    )
    seed: int = field(default=1, metadata={"help": "start of all chance in the feed: same log and seed, same slates"})

    def __post_init__(self) -> None:
        for name in (
            *SOURCES, "themes", *BESIDE, "first_look", "first_fit", "temperature", "diversity", "fatigue", "author_gap",
            "sound_gap",
        ):  # fmt: skip
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise SettingsError(f"feed.{name} is {value}; expected 0 or more")
        if not (isfinite(self.half_life_h) and self.half_life_h > 0):
            raise SettingsError(f"feed.half_life_h is {self.half_life_h}; expected hours, above 0")
        if not (isfinite(self.seen_days) and self.seen_days > 0):
            raise SettingsError(f"feed.seen_days is {self.seen_days}; expected days, above 0")
        if self.seen_days * DAY > KEPT:
            raise SettingsError(f"feed.seen_days is {self.seen_days}; expected at most {KEPT // DAY} days")
        for name in ("ranked", "retrieved"):
            if getattr(self, name) < 1:
                raise SettingsError(f"feed.{name} is {getattr(self, name)}; expected 1 or more")
        if not 0 <= self.considered <= 1:
            raise SettingsError(f"feed.considered is {self.considered}; expected 0 to 1")
        for name in ("exploration", "probes"):
            if not 0 <= getattr(self, name) <= 0.5:
                raise SettingsError(f"feed.{name} is {getattr(self, name)}; expected 0 to 0.5")

    def places(self, source: str) -> int:
        """Of the candidates that are ranked, how many are the source's."""
        return int(getattr(self, source))

    def brings(self, source: str) -> int:
        """How many candidates a source is asked for, rounded up. Wishes take nothing from the others."""
        others = sum(map(self.places, SOURCES)) - self.wished
        return -(-self.places(source) * self.retrieved // max(others, 1))


def for_you(
    store: Store,
    model: Callable[[], Model],
    index: Callable[[], Index],
    codebook: Callable[[], Codebook],
    texts: Callable[[], Index],
    fallback: Model,
    s: FeedSettings,
    spread: ReachSettings = DEFAULT,
) -> Pipeline:
    """What this viewer is most likely to enjoy next; `index` is of learned vectors, `texts` of text vectors."""
    value = Value({head.name: head.weight for head in HEADS})
    return Pipeline(
        sources=[
            ("nearest", Nearest(index, s.brings("nearest"))),
            ("similar", Similar(store, s.brings("similar"))),
            ("following", Following(store, s.brings("following"))),
            ("popular", Popular(store, s.brings("popular"), seen_days=s.seen_days)),
            ("fresh", Trial(store, s.brings("fresh"), spread, s.seen_days)),
            ("clusters", Clusters(store, index, codebook, s.brings("clusters"), s.themes, s.seen_days)),
            ("content", Content(store, texts, s.brings("content"), s.seen_days)),
            ("wished", Wished(store, s.brings("wished"), s.seen_days)),
        ],
        hydrators=[("catalog", Catalog(store))],
        filters=[
            ("available", available),
            ("seen", NotSeen(store, s.seen_days)),
            ("served", NotServed(store)),
            ("blocked", NotBlocked(store)),
            ("hidden", NotHidden(store)),
            ("words", NotMentioned(store)),
            ("languages", understood),
            ("own", not_own),
            (UNWANTED, wanted),  # last: it is named for what nothing else keeps back
        ],
        scorers=[
            ("inputs", Inputs(store)),
            ("predict", Predict(model)),
            ("value", value),
            ("affinity", Affinity(s.affinity)),
            ("author_taste", AuthorTaste(store, s.author_taste, spread.author_views, SOURCES.index("fresh"))),
            ("freshness", Freshness(s.freshness, s.half_life_h)),
            ("wishes", Wishes(s.wishes)),
        ],
        rerankers=[("arrange", _arrange(s, store, index))],
        fallback=Predict(lambda: fallback),
        budget=Budget(s.ranked, tuple(map(s.places, SOURCES))),
        plain=source_score,
        order=by_score,
    )


def policy(s: FeedSettings, store: Store, index: Callable[[], Index]) -> Policy:
    """How For You chooses from what it considers."""
    return Policy({head.name: head.weight for head in HEADS}, _arrange(s, store, index))


def _arrange(s: FeedSettings, store: Store, index: Callable[[], Index]) -> Arrange:
    return Arrange(
        temperature=s.temperature,
        diversity=s.diversity,
        fatigue=s.fatigue,
        author_gap=s.author_gap,
        sound_gap=s.sound_gap,
        exploration=s.exploration,
        first_look=s.first_look,
        first_fit=s.first_fit,
        probes=s.probes,
        trial=SOURCES.index("fresh"),
        index=index,
        store=store,
        lacking=lambda video: lacking_look(store, video),
    )


def following(store: Store, s: FeedSettings) -> Pipeline:
    """The latest from the authors that the viewer follows, newest first."""
    return Pipeline(
        sources=[("following", Following(store, most=1000))],
        hydrators=[("catalog", Catalog(store))],
        filters=[
            ("available", available),
            ("seen", NotSeen(store, s.seen_days)),
            ("served", NotServed(store)),
            ("blocked", NotBlocked(store)),
            ("hidden", NotHidden(store)),
            ("words", NotMentioned(store)),
            ("own", not_own),
        ],
        scorers=[("newest", source_score)],
        rerankers=[("newest", by_score)],
        plain=source_score,
        order=by_score,
    )


def plain(store: Store) -> Pipeline:
    """Popular and recent in a language and a country, the same for everyone there: no personal data in its path."""
    return Pipeline(
        sources=[("popular", Popular(store, most=1000))],
        hydrators=[("catalog", Catalog(store))],
        filters=[("available", available), ("served", NotServed(store))],
        scorers=[("popular", source_score)],
        rerankers=[("popular", by_score)],
        plain=source_score,
        order=by_score,
    )
