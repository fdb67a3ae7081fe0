"""The tables as the log says they must be: folded anew in memory, and compared with those that were saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

import numpy as np

from foryou.backends.documents import MemoryDocuments
from foryou.backends.rows import KeyedRows
from foryou.backends.saves import Saved
from foryou.backends.tables import Tables
from foryou.core.batch import Batch, Column
from foryou.core.ports import Keys, Offset, Record, Store
from foryou.features import content, mentions
from foryou.features.content import CONTENT
from foryou.features.documents import fold_documents
from foryou.features.fold import (
    EVENTS_STREAM,
    SERVED_STREAM,
    TABLES,
    create_tables,
    fold_events,
    fold_served,
    unfolded,
)
from foryou.features.reach_settings import ReachSettings
from foryou.features.trust import TrustSettings
from foryou.texts import TEXTS_STREAM

Rules: TypeAlias = tuple[TrustSettings, ReachSettings]
"""The settings that say what is made of an event: `trust` and `reach`."""
Rows = Mapping[str, Column]
"""The columns of a table with its keys as `key`, in the order of the keys."""


class Replayed:
    """Tables in memory that records are folded into, from nothing or from a base."""

    def __init__(self, base: Saved | None, embedder: int, trust: TrustSettings, spread: ReachSettings) -> None:
        """`embedder`: whose text vectors count."""
        self._trust, self._spread = trust, spread
        self.store: Store = Tables()
        self.documents = MemoryDocuments()
        self._embedder = embedder
        create_tables(self.store)
        for name, (_, keys, rows) in (base.tables if base is not None else {}).items():
            if name in {table.name for table in TABLES} and len(keys):
                self.store.write(name, keys, rows)

    def fold(self, record: Record) -> None:
        """What the engine makes of a record, without what it learns."""
        if record.stream == EVENTS_STREAM:
            rows = unfolded(self.store, record.rows)
            fold_events(self.store, rows, self._trust, self._spread)
            fold_documents(self.documents, rows)
            mentions.hear(self.store, self.documents, rows)
            content.hear(self.store, self.documents, rows)
        elif record.stream == SERVED_STREAM:
            fold_served(self.store, record.rows, record.offset)
        elif record.stream == TEXTS_STREAM:
            content.fold_vectors(self.store, record.rows, self._embedder)


def replayed(
    records: Iterable[Record],
    base: Saved | None,
    upto: Offset,
    embedder: int,
    rules: Rules,
    told: Callable[[Offset, Offset], None],
) -> Replayed:
    """The tables after the last record up to an offset."""
    made = Replayed(base, embedder, *rules)
    for record in records:
        if record.offset > upto:
            break
        made.fold(record)
        told(record.offset, upto)
    return made


def embedder_of(saved: Saved) -> int:
    """Who made most of the text vectors; 0 where there are none."""
    if CONTENT.name not in saved.tables:
        return 0
    whose = saved.tables[CONTENT.name][2]["embedder"]
    names, counts = np.unique(whose[whose != 0], return_counts=True)
    return int(names[counts.argmax()]) if len(names) else 0


def rows_in(store: Store) -> dict[str, Rows]:
    """Every table of a store."""
    return {table.name: ordered(*store.scan(table.name)) for table in TABLES}


def ordered(keys: Keys, rows: Batch) -> Rows:
    """A table in the order of its keys."""
    order = np.argsort(keys)
    return {"key": keys[order], **{name: rows[name][order] for name in rows}}


def store_of(saved: Saved) -> dict[str, Rows]:
    """Every table of a save."""
    return {
        name: ordered(*KeyedRows.of(table, keys, rows.columns).scan(table.names))
        for name, (table, keys, rows) in saved.tables.items()
    }


def differences(one: Mapping[str, Rows], other: Mapping[str, Rows]) -> Iterator[str]:
    """The columns, as table.column, that are not the same bit for bit."""
    for table in (table.name for table in TABLES):
        left, right = one.get(table), other.get(table)
        if left is None or right is None:
            yield table
            continue
        for name in left:
            if name not in right or left[name].tobytes() != right[name].tobytes():
                yield f"{table}.{name}"
