"""How far each video has come: the stage that it is in, how that went so far, and every move with its reason.

A new video is shown to a small audience of strangers (viewers who do not follow its author), and to a larger one each
time that it holds up (`stages` has the rules). Everything is read off the log: the same log gives the same stages.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column
from foryou.core.event import Kind, of_kinds
from foryou.core.heads import HEADS
from foryou.core.ids import id_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features import cohorts, quality, stages
from foryou.features.accounts import account_of
from foryou.features.acts import act_key
from foryou.features.cohorts import COHORTS, STAGES
from foryou.features.enrich import OUTCOMES, WATCH_LIMIT_S
from foryou.features.pairs import pairs
from foryou.features.quality import ENGAGING, KEYS, PEERS, REFUSING, SUMS
from foryou.features.reach_settings import DEFAULT, ReachSettings
from foryou.features.stages import DAYS, HOURS, LAST, LATEST, LOOKS, RESTING, RUNNING, Reason
from foryou.grouping import group

MOVES = 12
"""Moves of a video that are kept: the latest."""


REACH = Table(
    "reach",
    (
        Field("stage", "int8"),
        Field("status", "int8", help="1 looks for the stage's audience, 2 had it, 3 stopped; 0: in no stage"),
        Field("looks", "int8", help="at the quality in this stage"),
        Field("chanced", "int8", help="bits of the stages that it left by chance"),
        Field("entered", "int64", help="ms when it came to this stage"),
        Field("first", "int64", help="ms when it came"),
        Field("sums", "float64", SUMS, help="what strangers did in this stage, as far as they are trusted"),
        Field("prior", "float32", help="the quality that was expected when it came to this stage"),
        Field("prior_n", "float32"),
        Field("value", "float32", help="quality at the last look"),
        Field("error", "float32", help="standard error of that"),
        Field("low", "float32"),
        Field("high", "float32"),
        Field(
            "given", "float32", 2, help="what it adds to its author's and hashtags' record: weight, weight x quality"
        ),
        Field("total", "float32", 2, help="impressions and watches anywhere"),
        Field("followers", "float32", help="exposures of those who follow its author"),
        Field("by_stage", "float32", STAGES, help="exposures in the For You feed, by stage"),
        Field("hour", "float32", HOURS, help="exposures since it came, hour by hour"),
        Field("day", "float32", DAYS, help="and day by day; the last: and all later ones"),
        Field("bins", "int8", LOOKS + 1, default=-1, help="bin of the quality on entering and at each look"),
        Field("latest", "uint32", LATEST, help="parts of hashes of the latest viewers, and what is known of them"),
        Field("turn", "int8", help="which of these is replaced next"),
        Field("keys", "int64", KEYS, help="its author and first hashtags when it came"),
    ),
)
MOVED = Table(
    "reach_moves",
    (
        Field("count", "int32", help="moves so far; move i is at i modulo MOVES"),
        Field("start", "int8", MOVES),
        Field("to", "int8", MOVES),
        Field("reason", "int8", MOVES),
        Field("at", "int64", MOVES),
        *(Field(name, "float32", MOVES) for name in ("n", "value", "low", "high", "threshold", *quality.PARTS)),
    ),
)
PEERS_TABLE = Table("reach_peers", (Field("sums", "float64", SUMS),))
LEVELS = Table(
    "reach_stage",
    (
        Field("median", "float64", help="of the quality of videos that left this stage, or had its audience"),
        Field("quarter", "float64", help="what a quarter of them are below"),
        Field("number", "float64"),
    ),
)
USUAL = Table(
    "reach_usual",
    (
        Field("weight", "float64", help="videos, each as far as it is known"),
        Field("value", "float64", help="sum of their quality"),
    ),
)
TABLES = (REACH, MOVED, PEERS_TABLE, LEVELS, USUAL, COHORTS)

READS = ("video", "viewer", "author", "base", "amount", "at", "surface", "trusted", "followed")
"""The columns of events that `fold` needs."""
FOR_YOU = id_of("surface", "for_you")
_KINDS = tuple(kind for kind in Kind if kind >= Kind.IMPRESSION and kind != Kind.SEARCH)
_PEERS = np.arange(1, PEERS + 1)
_STAGES = np.arange(1, STAGES + 1)
_COLUMN = {name: position for position, name in enumerate(OUTCOMES)}
_VALUE = {head.name: abs(head.weight) for head in HEADS}
_WORTH, _AGAINST = (np.array([_VALUE[name] for name in names]) for names in (ENGAGING, REFUSING))
_ACTS, _REFUSALS = ([_COLUMN[name] for name in names] for names in (ENGAGING, REFUSING))


def describe(store: Store, rows: Batch, settings: ReachSettings = DEFAULT) -> None:
    """Fold what was said about videos `[rows]`, after the catalogue was folded: what is new comes to the first stage.

    A video that is described for the first time when it is old waits there: it may still go on by what is seen of it.
    """
    come = rows.take((rows["kind"] == Kind.VIDEO) & (rows["video"] != 0))
    come = come.take(np.sort(np.unique(come["video"], return_index=True)[1]))
    come = come.take(~store.has(REACH.name, come["video"]))
    if len(come) == 0:
        return
    uploaded = np.where(come["uploaded"] != 0, come["uploaded"], come["at"])
    young = come["at"] - uploaded <= settings.life
    keys = np.concatenate([come["author"][:, None], come["topics"][:, : KEYS - 1]], axis=1)
    value = expectation(store, keys)
    bins = np.full((len(come), LOOKS + 1), -1, np.int8)
    bins[young, 0] = np.searchsorted(cohorts.EDGES, value[young], side="right")
    begun = np.concatenate([np.full(int(young.sum()), cohorts.CAME), cohorts.SEEN + bins[young, 0].astype(np.int64)])
    cohorts.count(store, cohorts.Notes(cohorts.key_of(np.tile(come["at"][young], 2), 0), begun, np.array([len(begun)])))
    store.write(
        REACH.name,
        come["video"],
        Batch(
            {
                "status": np.where(young, RUNNING, RESTING),
                "looks": np.where(young, 0, LOOKS - 1),
                "entered": come["at"],
                "first": come["at"],
                "prior": value,
                "value": value,
                "low": value,
                "high": value,
                "bins": bins,
                "keys": keys,
            }
        ),
    )
    nothing = np.zeros(len(come))
    reason = np.where(young, Reason.PUBLISHED, Reason.OLD)
    _note(
        store,
        come["video"],
        np.full(len(come), -1),
        nothing,
        reason,
        come["at"],
        np.zeros((5 + len(quality.PARTS), len(come))),
    )


def expectation(store: Store, keys: Column) -> Column:
    """The quality that is expected of new videos of an author with hashtags, `keys` `[videos, KEYS]`."""
    found, row = group(keys.ravel())
    held = store.columns(USUAL.name, found, ("weight", "value"))
    of = np.where(keys != 0, row.reshape(keys.shape), -1)
    out = np.empty(len(keys))
    _expect(held["weight"], held["value"], of, out)
    return out


@njit(cache=True, nogil=True)
def _expect(weight, value, of, out):  # type: ignore[no-untyped-def]
    for k in range(len(of)):
        out[k] = quality.expected(weight, value, of[k], 0.0, 0.0)


def followed(store: Store, rows: Batch) -> Column:
    """Whether the viewer of each event `[rows]` followed its author before this batch, or is its author: to be asked
    before it is folded."""
    author = store.columns("video", rows["video"], ("author",))["author"]
    author = np.where(rows["author"] != 0, rows["author"], author)
    keys = act_key(rows["viewer"], author, Kind.FOLLOW)
    follows = store.columns("act", keys, ("active",))["active"] == 1
    return np.asarray(follows | ((rows["viewer"] != 0) & (account_of(store, author) == rows["viewer"])))


def fold(store: Store, rows: Batch, settings: ReachSettings = DEFAULT) -> None:
    """Fold what viewers did `[rows]`, as enriched, with `followed`; and what is taken back of that."""
    rows = rows.take(of_kinds(rows, _KINDS) & ~((rows["viewer"] == 0) & rows["followed"]))
    video, of_event = group(rows["video"])
    in_stages = (store.columns(REACH.name, video, ("status",))["status"] > 0) & (video != 0)
    if not in_stages.any():
        return
    place = np.cumsum(in_stages) - 1
    place[~in_stages] = -1
    video = video[in_stages]
    held = _mutable(store.read(REACH.name, video))
    peers, levels = (
        _mutable(store.read(name, keys)) for name, keys in ((PEERS_TABLE.name, _PEERS), (LEVELS.name, _STAGES))
    )
    known, row = group(held["keys"].ravel())
    usual = _mutable(store.read(USUAL.name, known))
    of = np.where(held["keys"] != 0, row.reshape(held["keys"].shape), -1)
    seen, friend = _seen(rows, place[of_event], store.columns("video", rows["video"], ("duration",))["duration"])
    room = 2 * len(rows) + LOOKS
    plain = (np.zeros(room, dtype) for dtype in (*(np.int64,) * 4, *(np.float64,) * 5, np.int64))
    moves = stages.Moves(*(*plain, np.zeros((room, len(quality.PARTS)))))
    notes = cohorts.notes((LOOKS + 5) * room)
    count = stages.advance(
        stages.Videos(*(held[name] for name in stages.Videos._fields)),
        video,
        _groups(store, video),
        peers["sums"],
        quality.FIRST_PEERS,
        stages.Levels(**levels),
        stages.Usual(usual["weight"], usual["value"], of),
        friend,
        seen,
        settings.rules,
        quality.WEIGHTS,
        notes,
        moves,
    )
    cohorts.count(store, notes)
    store.write(REACH.name, video, Batch(held))
    store.write(PEERS_TABLE.name, _PEERS, Batch(peers))
    store.write(LEVELS.name, _STAGES, Batch(levels))
    real = known != 0
    store.write(USUAL.name, known[real], Batch(usual).take(real))
    if count:
        cut = stages.Moves(*(values[:count] for values in moves))
        numbers = np.stack([cut.n, cut.value, cut.low, cut.high, cut.threshold, *cut.parts.T])
        _note(store, video[cut.video], cut.start, cut.to, cut.reason, cut.at, numbers)


def _groups(store: Store, video: Keys) -> Column:
    """The peers of each video."""
    about = store.columns("video", video, ("length", "format"))
    return np.asarray(about["length"] * 4 + about["format"])


KINDS_SEEN = np.uint32(3)
"""The bits of what stands for a viewer that say what of a video they have had."""


def seen_as(pair: Keys) -> Column:
    """What stands for a viewer among the latest of a video, uint32, from the pairs of viewer and video."""
    return np.asarray((pair & 0xFFFFFFFC).astype(np.uint32))


def _seen(rows: Batch, video: Column, duration: Column) -> tuple[stages.Seen, Column]:
    """What the kernel reads of events, and whether each pair of viewer and author was one before."""
    _, pair = group(pairs(rows["viewer"], rows["author"]))
    friend = np.zeros(int(pair.max(initial=-1)) + 1, np.bool_)
    friend[pair] = rows["followed"] & (rows["viewer"] != 0) & (rows["author"] != 0)
    trusted = rows["trusted"]
    adds = np.empty((len(rows), SUMS))
    _put_adds(
        trusted, duration,
        np.array([_COLUMN[name] for name in ("impression", "watch", "measured", "skip", "finish", "seconds")]),
        np.array(_ACTS), _WORTH, np.array(_REFUSALS), _AGAINST, adds,
    )  # fmt: skip
    follow = np.where((rows["base"] == Kind.FOLLOW) & (rows["viewer"] != 0), rows["amount"], 0.0)
    here = (rows["surface"] == FOR_YOU) | (rows["surface"] == 0)
    who = seen_as(pairs(rows["viewer"], rows["video"]))
    return stages.Seen(video, pair, follow, rows["at"], here, who, adds), friend


@njit(cache=True, nogil=True)
def _put_adds(trusted, duration, plain, acts, worth, refusals, against, adds):  # type: ignore[no-untyped-def]
    for i in range(len(trusted)):
        row = trusted[i]
        adds[i, quality.IMPRESSIONS], adds[i, quality.WATCHES] = row[plain[0]], row[plain[1]]
        adds[i, quality.MEASURED] = row[plain[2]]
        adds[i, quality.HOOKED] = row[plain[2]] - row[plain[3]]
        held = 0.0
        if row[plain[2]] > 0.0:
            length = min(duration[i], WATCH_LIMIT_S)
            held = row[plain[5]] / row[plain[2]] / length if length > 0.0 else 0.0
            held = min(max(held, row[plain[4]] / row[plain[2]]), 1.0)
        adds[i, quality.HELD], adds[i, quality.HELD2] = row[plain[2]] * held, row[plain[2]] * held * held
        for s in range(quality.ENGAGED, len(adds[i])):
            adds[i, s] = 0.0
        for a in range(len(acts)):
            adds[i, quality.ENGAGED] += row[acts[a]] * worth[a]
            adds[i, quality.ENGAGED2] += row[acts[a]] * worth[a] * worth[a]
        for a in range(len(refusals)):
            adds[i, quality.REFUSED] += row[refusals[a]] * against[a]
            adds[i, quality.REFUSED2] += row[refusals[a]] * against[a] * against[a]


def _note(store: Store, video: Keys, start: Column, to: Column, reason: Column, at: Column, numbers: Column) -> None:
    """Keeps moves `[moves]` in their order; `numbers` `[9, moves]`: n, value, low, high, threshold,
    and the parts of the quality."""
    unique, row = group(video)
    held = _mutable(store.read(MOVED.name, unique))
    columns = tuple(map(_number, (start, to, reason, at, *numbers)))
    what, how = (tuple(held[name] for name in names) for names in (MOVED.names[1:5], MOVED.names[5:]))
    _put_moves(held["count"], what, how, row, columns)
    store.write(MOVED.name, unique, Batch(held))


def _number(values: Column) -> Column:
    return np.ascontiguousarray(values, np.float64)


@njit(cache=True, nogil=True)
def _put_moves(count, what, how, row, columns):  # type: ignore[no-untyped-def]
    starts, tos, reasons, times = what
    for i in range(len(row)):
        k = row[i]
        place = count[k] % starts.shape[1]
        starts[k, place], tos[k, place] = np.int8(columns[0][i]), np.int8(columns[1][i])
        reasons[k, place], times[k, place] = np.int8(columns[2][i]), np.int64(columns[3][i])
        for number in range(len(how)):
            how[number][k, place] = columns[len(what) + number][i]
        count[k] += 1


def _mutable(rows: Batch) -> dict[str, Column]:
    return {name: rows[name].copy() for name in rows}


def shown(rows: Mapping[str, Column] | Batch) -> Column:
    """The exposures of each video `[videos]` in its stage: `quality.shown`."""
    sums = rows["sums"]
    return np.asarray(np.maximum(sums[:, quality.IMPRESSIONS], sums[:, quality.WATCHES]))


def awaited(rows: Mapping[str, Column] | Batch) -> Column:
    """Those of them whose watch has not come, yet or ever, of videos `[videos]` of which watches come at all."""
    watches = rows["sums"][:, quality.WATCHES]
    return np.where(watches > 0.0, shown(rows) - watches, 0.0)


def room(rows: Mapping[str, Column] | Batch, settings: ReachSettings) -> Column:
    """The exposures that each video `[videos]` still looks for in its stage; none where it does not look for any.

    As the looks at its quality count them: an impression whose watch never came is none.
    """
    sizes = np.array([*settings.audiences, np.inf])
    left = np.maximum(sizes[rows["stage"]] - (shown(rows) - awaited(rows)), 0.0)
    return np.where(rows["status"] == RUNNING, np.where(rows["stage"] < LAST, left, 0.0), 0.0)


FIRST_LOOK = 4.0
"""Exposures of a new video that come before all others on trial: what nobody has seen has no other chance."""


def lacks(rows: Mapping[str, Column] | Batch) -> Column:
    """The share of its first look that each video `[videos]` still lacks: 1 before anybody has seen it, 0 once it had
    FIRST_LOOK exposures, and after its first stage."""
    share = np.maximum(1.0 - shown(rows) / FIRST_LOOK, 0.0)
    return np.where((rows["stage"] == 0) & (rows["status"] == RUNNING), share, 0.0)


def lacking_look(store: Store, video: Keys) -> Column:
    """The same of videos by name."""
    return lacks(store.columns(REACH.name, video, ("stage", "status", "sums")))
