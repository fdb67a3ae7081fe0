"""Every view, in the order in which they fold the log: the whole of what the engine knows."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import CATALOG, REACTIONS, of_kinds
from foryou.core.pipeline import Mask
from foryou.core.ports import Store
from foryou.core.table import Table
from foryou.core.view import View
from foryou.features import (
    catalog,
    content,
    counters,
    effects,
    history,
    interests,
    lists,
    popular,
    similar,
    taste,
    young,
)
from foryou.features.acts import ACTS
from foryou.features.enrich import enrich

EVENTS_STREAM = "events"
SERVED_STREAM = "served"

ACCEPTED = Table("accepted")
"""The ids of all accepted events: what has been sent twice counts once."""

VIEWS: tuple[View, ...] = (*counters.VIEWS, *interests.VIEWS, *similar.VIEWS, *history.VIEWS, *taste.VIEWS)
"""The views of what viewers do, after the catalogue: each reads only its own table and the enriched events."""

TABLES: tuple[Table, ...] = tuple(
    {
        table.name: table
        for table in (
            ACCEPTED,
            ACTS,
            similar.COMPANION,
            effects.EFFECT,
            *(view.table for view in catalog.VIEWS),
            *(view.table for view in VIEWS),
            history.SERVED,
            popular.POPULAR,
            popular.BOARD,
            lists.LISTED,
            lists.ACTED,
            lists.UPLOADS,
            young.YOUNG,
            young.TURN,
            content.CONTENT,
        )
    }.values()
)


def create_tables(store: Store) -> None:
    """Make every table of the engine."""
    for table in TABLES:
        store.create(table)


def unfolded_mask(store: Store, rows: Batch) -> Mask:
    """Which events were not folded before and do not come earlier in the batch."""
    first = np.zeros(len(rows), np.bool_)
    first[np.unique(rows["id"], return_index=True)[1]] = True
    return np.asarray(first & ~store.has(ACCEPTED.name, rows["id"]))


def unfolded(store: Store, rows: Batch) -> Batch:
    """The events that were not folded before, each once.

    An event can be in the log twice: a sync that failed, whose batch got there all the same, and the client's retry.
    """
    new = unfolded_mask(store, rows)
    return rows if new.all() else rows.take(new)


def fold_served(store: Store, rows: Batch) -> None:
    """Fold a slate as it was logged."""
    key = history.served_key(rows["viewer"], rows["session"], rows["item"])
    history.SERVED_VIEW.fold(store, rows.extend({"served": np.where(rows["session"] != 0, key, 0)}))


def fold_events(store: Store, rows: Batch) -> Batch:
    """Fold a batch of events: first what videos and viewers say of themselves, then what viewers did.

    Returns what viewers did, with the columns of `enrich`. Folding the same log again from empty tables gives the same
    tables.
    """
    fresh = np.unique(rows["id"])
    store.write(ACCEPTED.name, fresh, Batch({}, len(fresh)))
    for view in catalog.VIEWS:
        view.fold(store, rows)
    described = of_kinds(rows, CATALOG)
    if described.any():
        said = rows.take(described)
        for describe in (lists.describe, young.describe, popular.describe):
            describe(store, said)
    reacted = of_kinds(rows, REACTIONS)
    reactions = rows if reacted.all() else rows.take(reacted)
    if len(reactions) == 0:
        return reactions
    reactions = effects.explain(store, similar.pair_up(store, enrich(store, reactions)))
    reactions = reactions.extend({"everyone": np.ones(len(reactions), np.int64)})
    for view in VIEWS:
        view.fold(store, reactions)
    for fold in (popular.fold, young.expose, lists.act):
        fold(store, reactions)
    return reactions
