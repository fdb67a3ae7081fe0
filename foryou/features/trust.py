"""How much each engagement counts for others, in [0, 1], by how its viewer has behaved so far.

An account that likes what it did not watch, faster than a person could, always watches for equally long, or acts where
the same other accounts act, counts for little: in counters, popularity, likeness, effects and learning. For its own
feed everything counts as it is. What the words of a video bait (`asking`) counts for less too, so that asking wins
nothing. Judged in log order as events come, from the log alone: a weight is what was known when the event came, and
taking an act back takes back the weight that it had. When an account becomes suspicious, its latest acts are taken back
from the trusted counts too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, MINUTE
from foryou.core.errors import SettingsError
from foryou.core.event import Kind
from foryou.core.ids import pair_of
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.acts import ACTS
from foryou.features.asking import ASKED, asked
from foryou.features.judge import (
    DWELLS,
    EVERYONE,
    EXPOSURE,
    LIKES,
    OTHER,
    RECENT,
    REFUSES,
    SHARE,
    SHOWN,
    WATCH,
    Acted,
    Crowds,
    Events,
    Origins,
    Overall,
    Taken,
    Viewers,
    Weights,
    judge,
    trusts_of,
    viewer_trust,
)
from foryou.features.lockstep import CROWD

TRUST = Table(
    "trust",
    (
        Field("first", "int64", help="when its first event was accepted, ms; 0: never"),
        Field("last", "int64", help="its latest event, ms"),
        Field("watched", "float32", help="seconds, as far as they can be real"),
        Field("spell", "float32", help="level of the bucket of seconds watched"),
        Field("burst", "float32", help="level of the bucket of acts a minute"),
        Field("daily", "float32", help="level of the bucket of acts a day"),
        Field("acts", "float32", help="faded"),
        Field("hasty", "float32", help="faded: those on videos that were not looked at"),
        Field("lockstep", "float32", help="mean overlap of the crowds that it acts among"),
        Field("compared", "int16", help="acts behind it, at most 16"),
        Field("dwell", "uint8", DWELLS, help="watches by seconds"),
        Field("shown", "int32", SHOWN, help="latest exposures: part of the video's id"),
        Field("shown_at", "uint32", SHOWN, help="when, in 1,024 ms; 0: looked at; _NEVER: left at once"),
        Field("suspicious", "int8", help="1: since its latest act; 2: and its acts were taken back"),
    ),
)
ACTED = Table(
    "acted",
    (
        Field("target", "int64", RECENT, help="of the latest acts, newest first"),
        Field("since", "int64", RECENT, help="ms"),
        Field("base", "int8", RECENT),
    ),
)
ORIGIN = Table("origin", (Field("level", "float32", help="of the bucket of acts"), Field("at", "int64")))
OVERALL = Table(
    "trust_all",
    (Field("watches", "float64"), Field("acts", "float64"), Field("suspicious", "int64", help="viewers, now")),
)
TABLES = (TRUST, ACTED, ORIGIN, OVERALL, CROWD)

ORIGINS = ("device_id", "network")
"""The event columns that say where an act came from."""
_LIKING = (Kind.LIKE, Kind.COMMENT, Kind.SAVE, Kind.FOLLOW)
_ROLE = np.full(int(max(Kind)) + 1, OTHER, np.int8)
_ROLE[Kind.IMPRESSION] = EXPOSURE
_ROLE[Kind.WATCH] = WATCH
_ROLE[Kind.SHARE] = SHARE
_ROLE[list(_LIKING)] = LIKES
_ROLE[[Kind.NOT_INTERESTED, Kind.HIDE, Kind.REPORT, Kind.BLOCK]] = REFUSES
_BIT = np.zeros(len(_ROLE), np.int64)
_BIT[[Kind[name.upper()] for name in ASKED]] = [OUTCOME_BITS[name] for name in ASKED]
_UNDO = np.zeros(len(_ROLE), np.int64)
_UNDO[list(_LIKING)] = (Kind.UNLIKE, Kind.UNCOMMENT, Kind.UNSAVE, Kind.UNFOLLOW)


@dataclass(frozen=True)
class TrustSettings:
    """How much engagement counts that may not be real."""

    least: float = field(
        default=0.0, metadata={"help": "what any engagement counts at least; 1: every one counts fully"}
    )
    baited: float = field(
        default=0.3,
        metadata={"help": "what a like, comment, share, save or follow counts that the video's own words bait"},
    )
    burst: float = field(default=20.0, metadata={"help": "acts that one viewer may do at once"})
    per_minute: float = field(default=12.0, metadata={"help": "acts a minute of one viewer thereafter"})
    per_day: float = field(default=300.0, metadata={"help": "acts a day of one viewer"})
    origin_burst: float = field(default=120.0, metadata={"help": "acts that one device or network may do at once"})
    origin_per_minute: float = field(
        default=60.0, metadata={"help": "acts a minute of one device or network thereafter"}
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not (isfinite(value) and value >= 0):
                raise SettingsError(f"trust.{each.name} is {value}; expected 0 or more")
        for name in ("least", "baited"):
            if getattr(self, name) > 1:
                raise SettingsError(f"trust.{name} is {getattr(self, name)}; expected at most 1")

    @property
    def limits(self) -> Column:
        """The numbers as the kernel reads them; rates a ms."""
        return np.array(
            [
                self.least,
                self.burst,
                self.per_minute / MINUTE,
                self.per_day,
                self.per_day / DAY,
                self.origin_burst,
                self.origin_per_minute / MINUTE,
            ]
        )


DEFAULT = TrustSettings()


def weigh(store: Store, rows: Batch, settings: TrustSettings = DEFAULT) -> tuple[Batch, Batch]:
    """Folds the behaviour of viewers; the batch, its acts folded, with `trust` (what each event counts for others),
    `viewer_trust` (what its viewer does) and `unlearned` (baited, and not to be learned by a model), and what is taken
    back of acts that counted before.

    What is taken back has a row of its own for each act, with `after`, the position in the batch of the event that made
    its viewer suspicious, and `amount` -1.
    """
    role = _ROLE[rows["base"]]
    likes = np.flatnonzero(role == LIKES)
    viewers, row = np.unique(rows["viewer"], return_inverse=True)
    state = _mutable(store.read(TRUST.name, viewers))
    everyone = np.full(1, EVERYONE, np.int64)
    overall = _mutable(store.read(OVERALL.name, everyone))
    actors, acted_row = np.unique(rows["viewer"][likes], return_inverse=True)
    of_event = np.full(len(rows), -1, np.int64)
    of_event[likes] = acted_row
    acted = _mutable(store.read(ACTED.name, actors))
    acted["act"] = _acts_of(actors, acted)
    targets = np.unique(np.concatenate([rows["target"][likes], acted["target"].ravel(), everyone]))
    crowd = _mutable(store.read(CROWD.name, targets))
    acts = np.unique(np.concatenate([rows["act"][rows["act"] != 0], acted["act"].ravel()]))
    weight = store.columns(ACTS.name, acts, ("weight",))["weight"].copy()
    origin, origin_row = _origins(rows, role)
    levels = _mutable(store.read(ORIGIN.name, origin))
    trust, trusts = np.ones(len(rows)), np.ones(len(rows))
    room = len(likes) * RECENT
    after, base, target, effective = np.zeros((4, room), np.int64)
    taken = Taken(after, base, target, effective, np.zeros(room))
    baited = _baited(store, rows, role)
    told = rows.extend(
        {
            "row": row,
            "acted": of_event,
            "origin": origin_row,
            "role": role,
            "bait_weight": np.where(baited, settings.baited, 1.0),
        }
    )
    count = judge(
        Viewers(**state),
        Acted(**acted),
        Crowds(targets, **crowd),
        Weights(acts, weight),
        Origins(**levels),
        Overall(**overall),
        Events(*(told[name] for name in Events._fields)),
        settings.limits,
        trust,
        trusts,
        taken,
    )
    for table, keys, held in (
        (TRUST, viewers, state),
        (OVERALL, everyone, overall),
        (ACTED, actors, {name: acted[name] for name in ACTED.names}),
        (CROWD, targets, crowd),
        (ORIGIN, origin, levels),
        (ACTS, acts, {"weight": weight}),
    ):
        real = keys != 0
        store.write(table.name, keys[real], Batch(held, len(keys)).take(real))
    judged = {"trust": trust, "viewer_trust": trusts, "unlearned": baited & ~_drawn(rows, settings.baited)}
    return rows.extend(judged), _taken_back(rows, taken, count)


def _baited(store: Store, rows: Batch, role: Column) -> Column:
    """Which events are acts that the words of their video bait."""
    out = np.zeros(len(rows), np.bool_)
    acts = np.flatnonzero((role >= SHARE) & (role != REFUSES) & (rows["video"] != 0))
    if len(acts):
        _, baits = asked(store, rows["video"][acts])
        out[acts] = baits & _BIT[rows["base"][acts]] != 0
    return out


def _drawn(rows: Batch, share: float) -> Column:
    """A share of the acts, by a hash of who did what to which video. Of the outcomes that a model learns an act is one
    or none: in expectation so many are the same as each counting so much."""
    return pair_of(pair_of(rows["viewer"], rows["video"]), rows["base"].astype(np.int64)) / float(1 << 63) < share


def _acts_of(viewer: Keys, acted: Mapping[str, Column]) -> Column:
    """The keys of the latest acts of viewers `[viewers, RECENT]`, as in `acts`; 0 where there are fewer."""
    keys = pair_of(pair_of(np.repeat(viewer, RECENT), acted["target"].ravel()), acted["base"].ravel().astype(np.int64))
    return np.where(acted["since"] != 0, keys.reshape(acted["since"].shape), 0)


def _origins(rows: Batch, role: Column) -> tuple[Keys, Column]:
    """The devices and networks that acts came from, and the row of each for each event `[rows, ORIGINS]` (-1: none)."""
    row = np.full((len(rows), len(ORIGINS)), -1, np.int64)
    parts = [(place, rows[name]) for place, name in enumerate(ORIGINS) if name in rows]
    doing = role >= SHARE
    sent = [(place, of := np.flatnonzero(doing & (values != 0)), values[of]) for place, values in parts]
    origin = np.unique(np.concatenate([np.zeros(0, np.int64), *(values for _, _, values in sent)]))
    for place, of, values in sent:
        row[of, place] = np.searchsorted(origin, values)
    return origin, row


def _mutable(rows: Batch) -> dict[str, Column]:
    return {name: rows[name].copy() for name in rows}


def _taken_back(rows: Batch, taken: Taken, count: int) -> Batch:
    """A row for each act whose weight is taken back: like the event after which it is, but of the act."""
    some = {name: values[:count] for name, values in taken._asdict().items()}
    on_author = some["base"] == Kind.FOLLOW
    return rows.take(some["after"]).extend(
        {
            "kind": _UNDO[some["base"]].astype(np.int16),
            "base": some["base"],
            "effective": some["effective"],
            "trust": some["trust"],
            "after": some["after"],
            "video": np.where(on_author, 0, some["target"]),
            "author": np.where(on_author, some["target"], 0),
            "amount": np.full(count, -1.0),
            "act": np.zeros(count, np.int64),
        }
    )


def trust_of(store: Store, viewer: Keys) -> Column:
    """What each viewer's engagement counts now, `[viewers]` in (0, 1]; acts of new accounts count a little less."""
    held = store.columns(TRUST.name, viewer, _JUDGED)
    return np.asarray(trusts_of(*(held[name] for name in _JUDGED)))


_JUDGED = ("dwell", "acts", "hasty", "lockstep")


def believed(store: Store, viewer: Keys) -> dict[str, object]:
    """How far one viewer `[1]` is trusted, and which of its habits speak against it."""
    held = store.columns(TRUST.name, viewer, (*_JUDGED, "suspicious"))
    weight = float(trust_of(store, viewer)[0])
    for_name = {
        "dwell": (held["dwell"], 0.0, 0.0, 0.0),
        "haste": (np.ones((1, DWELLS), np.uint8), held["acts"][0], held["hasty"][0], 0.0),
        "lockstep": (np.ones((1, DWELLS), np.uint8), 0.0, 0.0, held["lockstep"][0]),
    }
    against = [
        name
        for name, (dwell, acts, hasty, lockstep) in for_name.items()
        if viewer_trust(dwell[0], acts, hasty, lockstep) < 0.9
    ]
    return {"weight": round(weight, 4), "suspicious": bool(held["suspicious"][0] > 0), "against": against}


def suspicious(store: Store) -> int:
    """How many viewers are suspicious now."""
    return int(store.columns(OVERALL.name, np.full(1, EVERYONE, np.int64), ("suspicious",))["suspicious"][0])
