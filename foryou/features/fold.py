"""Every view, in the order in which they fold the log: the whole of what the engine knows."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.event import CATALOG, REACTIONS, STEERING, UNKNOWN, Kind, of_kinds
from foryou.core.pipeline import Mask
from foryou.core.ports import Offset, Store
from foryou.core.table import Table
from foryou.core.view import Groups, View
from foryou.features import (
    accounts,
    answers,
    asking,
    catalog,
    chains,
    comments,
    content,
    counters,
    effects,
    fans,
    forget,
    history,
    interests,
    lessons,
    lists,
    mentions,
    popular,
    prefers,
    reach,
    reach_settings,
    saved,
    seen,
    similar,
    slates,
    snapshots,
    tagged,
    taste,
    young,
)
from foryou.features.acts import ACTS
from foryou.features.enrich import enrich
from foryou.features.reach_settings import ReachSettings
from foryou.features.trust import DEFAULT, TrustSettings
from foryou.features.trust import TABLES as trust_tables
from foryou.grouping import group

EVENTS_STREAM = "events"
SERVED_STREAM = "served"

ACCEPTED = Table("accepted")
"""The ids of all accepted events: what has been sent twice counts once."""

PERSONAL: tuple[View, ...] = (*interests.VIEWS, *similar.VIEWS, *history.VIEWS, *taste.VIEWS)
VIEWS: tuple[View, ...] = (*counters.VIEWS, *PERSONAL)
"""The views of what viewers do, after the catalogue: each reads only its own table and the enriched events."""

TABLES: tuple[Table, ...] = tuple(
    {
        table.name: table
        for table in (
            ACCEPTED,
            ACTS,
            *trust_tables,
            similar.COMPANION,
            effects.EFFECT,
            *(view.table for view in catalog.VIEWS),
            *(view.table for view in VIEWS),
            history.ABOUT,
            history.SERVED,
            seen.SEEN,
            slates.SLATES,
            popular.POPULAR,
            popular.BOARD,
            lists.LISTED,
            lists.ACTED,
            lists.UPLOADS,
            lists.EPISODES,
            *comments.TABLES,
            answers.ANSWER,
            asking.ASKING,
            *saved.TABLES,
            *fans.TABLES,
            *reach.TABLES,
            accounts.ACCOUNT,
            chains.CHAIN,
            chains.CAME,
            young.YOUNG,
            young.TURN,
            content.CONTENT,
            prefers.PREFER,
            mentions.MENTION,
            mentions.MUTED,
            tagged.TAGGED,
            lessons.LESSON,
            *snapshots.TABLES,
        )
    }.values()
)


def create_tables(store: Store) -> None:
    """Make every table of the engine."""
    for table in TABLES:
        store.create(table)


def unfolded_mask(store: Store, rows: Batch) -> Mask:
    """Which events were not folded before and do not come earlier in the batch."""
    new = ~store.has(ACCEPTED.name, rows["id"])
    ids, row = group(rows["id"])
    if len(ids) < len(row):
        first = np.zeros(len(ids), np.int64)
        first[row[::-1]] = np.arange(len(row))[::-1]
        new &= first[row] == np.arange(len(row))
    return np.asarray(new)


def unfolded(store: Store, rows: Batch) -> Batch:
    """The events that were not folded before, each once.

    An event can be in the log twice: a sync that failed, whose batch got there all the same, and the client's retry.
    """
    new = unfolded_mask(store, rows)
    return rows if new.all() else rows.take(new)


def fold_served(store: Store, rows: Batch, offset: Offset) -> None:
    """Fold a slate as it was logged, at this offset."""
    key = history.served_key(rows["viewer"], rows["session"], rows["item"])
    history.SERVED_VIEW.fold(store, rows.extend({"served": np.where(rows["session"] != 0, key, 0)}))
    slates.fold_slate(store, rows, offset)


def fold_events(
    store: Store, rows: Batch, trust: TrustSettings = DEFAULT, spread: ReachSettings = reach_settings.DEFAULT
) -> Batch:
    """Fold a batch of events: first what videos and viewers say of themselves, then what viewers did.

    Returns what viewers did and there is to learn from, with the columns of `enrich`. Folding the same log again from
    empty tables gives the same tables.
    """
    steers = np.flatnonzero(_steers(rows))
    if len(steers) == 0:
        return _fold(store, rows, trust, spread)
    # Each of these changes what is made of the events after it, and of none before it.
    parts = np.split(np.arange(len(rows)), np.unique(np.concatenate([steers, steers + 1])))
    done = [_fold(store, rows.take(part), trust, spread) for part in parts if len(part)]
    learned = [each for each in done if len(each)]
    return Batch.concat(learned) if learned else done[0]


def _steers(rows: Batch) -> Mask:
    steers = of_kinds(rows, (*STEERING, Kind.SEEN))
    if "pause_until" in rows:  # events had none once
        steers |= rows["pause_until"] != UNKNOWN
    return np.asarray(steers)


def _fold(store: Store, rows: Batch, trust: TrustSettings, spread: ReachSettings) -> Batch:
    fresh, _ = group(rows["id"])
    store.write(ACCEPTED.name, fresh, Batch({}, len(fresh)))
    groups = Groups(rows, group)
    for view in catalog.VIEWS:
        view.fold_groups(store, groups)
    described = of_kinds(rows, CATALOG)
    if described.any():
        said = rows.take(described)
        for describe in (lists.describe, popular.describe, accounts.describe, tagged.describe, asking.describe):
            describe(store, said)
        reach.describe(store, said, spread)
        young.describe(store, said, spread)
    rows = rows.extend({"stays": comments.fold(store, rows) | saved.fold(store, rows)})
    answers.fold(store, rows)
    fans.fold(store, rows)
    accounts.claim(store, rows)
    reacted = of_kinds(rows, REACTIONS)
    reactions = rows if reacted.all() else rows.take(reacted)
    if len(reactions) == 0:
        return reactions
    reactions = reactions.extend({"followed": reach.followed(store, reactions)})
    reactions, back = enrich(store, reactions, trust)
    if len(back):
        back = back.extend({"followed": reach.followed(store, back.extend({"viewer": back["owner"]}))})
    _note_facts(store, reactions)
    quiet = reactions["quiet"]
    if quiet.any():
        _steer(store, reactions.take(quiet))
        reactions = reactions.take(~quiet)
        back = back.extend({"after": (np.cumsum(~quiet) - 1)[back["after"]]}) if len(back) else back
        if len(reactions) == 0 and len(back) == 0:
            return reactions
    totalled = _totalled(reactions)
    reactions = effects.explain(store, similar.pair_up(store, reactions))
    reactions = history.tell_about(store, reactions.extend({"everyone": totalled[:, 2], "totalled": totalled}))
    counted = _with(reactions, back) if len(back) else reactions
    groups = Groups(reactions, group)
    for view in counters.VIEWS:
        view.fold_groups(store, Groups(counted, group) if len(back) else groups)
    personal = _of_this_time(store, reactions)
    lessons.fold(store, personal)
    groups = groups if personal is reactions else Groups(personal, group)
    for view in PERSONAL:
        view.fold_groups(store, groups)
    popular.fold(store, counted)
    reach.fold(store, counted, spread)
    young.expose(store, counted, spread)
    chains.fold(store, reactions)
    return reactions


def _note_facts(store: Store, reactions: Batch) -> None:
    """Fold what is so whether or not anything is learned from it: what was seen, and whom and what viewers act on."""
    seen.fold(store, reactions)
    lists.act(store, reactions)
    mentions.mute(store, reactions)


def _steer(store: Store, rows: Batch) -> None:
    """Fold what viewers said of their own feeds, and what they did that nothing is learned from: it is counted."""
    totals = rows.extend({"totalled": _totalled(rows), "trusted": rows["counts"]})
    next(view for view in counters.VIEWS if view.table is counters.TOTAL).fold(store, totals)
    prefers.VIEW.fold(store, rows)
    forget.fold(store, rows)
    snapshots.steer(store, rows)


def _totalled(reactions: Batch) -> Column:
    """What totals are kept of: the video, the author and all together."""
    return np.stack([reactions["video"], reactions["author"], np.ones(len(reactions), np.int64)], axis=1)


def _of_this_time(store: Store, reactions: Batch) -> Batch:
    """Without what takes an act back of before its viewer started anew: nothing of it is there to take back."""
    late = reactions["amount"] < 0
    if late.any():
        late &= reactions["effective"] < snapshots.anew(store, reactions["viewer"])
    return reactions.take(~late) if late.any() else reactions


def _with(reactions: Batch, back: Batch) -> Batch:
    """What the counters read of reactions and of what is taken back, in log order."""
    everyone = np.ones(len(back), np.int64)
    back = back.extend({"everyone": everyone, "totalled": np.stack([back["video"], back["author"], everyone], axis=1)})
    names = (
        "kind",
        *{*popular.READS, *reach.READS, *(name for view in counters.VIEWS for name in (view.key, *view.reads))},
    )
    place = np.concatenate([np.arange(len(reactions)), back["after"]])
    both = Batch.concat([reactions.select(names), back.select(names)])
    return both.take(np.argsort(place, kind="stable"))
