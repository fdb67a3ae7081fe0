"""Which viewer an author is: the one who says so (a `viewer` event with an `author`), else the account of the same
name, whose own taste says who may care for what it posts."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Struct

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.ids import NONE, id_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table

ACCOUNT = Table("account", (Field("viewer", "int64", help="of the author's name among viewers"),))


class _Named(Struct):
    author: str | None = None


_decode = msgspec.msgpack.Decoder(_Named).decode


def describe(store: Store, rows: Batch) -> None:
    """Fold what was said about videos `[rows]`: whose they are."""
    named = np.flatnonzero((rows["kind"] == Kind.VIDEO) & (rows["author"] != NONE))
    author = rows["author"][named]
    new = named[~store.has(ACCOUNT.name, author)]
    found: dict[int, int] = {}
    for key, raw in zip(rows["author"][new].tolist(), rows["raw"][new].tolist(), strict=True):
        name = _decode(raw).author if raw and key not in found else None
        if name:
            found[key] = id_of("viewer", name)
    if found:
        keys, viewers = np.array(list(found), np.int64), np.array(list(found.values()), np.int64)
        store.write(ACCOUNT.name, keys, Batch({"viewer": viewers}))


def claim(store: Store, rows: Batch) -> None:
    """Fold what viewers said of themselves `[rows]`: which author they are."""
    mine = rows.take((rows["kind"] == Kind.VIEWER) & (rows["author"] != NONE))
    if len(mine):
        last = dict(zip(mine["author"].tolist(), mine["viewer"].tolist(), strict=True))
        keys, viewers = np.array(list(last), np.int64), np.array(list(last.values()), np.int64)
        store.write(ACCOUNT.name, keys, Batch({"viewer": viewers}))


def account_of(store: Store, author: Keys) -> Keys:
    """The viewer that each author is; 0 where nobody said a name."""
    return np.asarray(store.columns(ACCOUNT.name, author, ("viewer",))["viewer"])


def authors_of(store: Store, viewer: int) -> Keys:
    """The authors that a viewer is."""
    author, rows = store.scan(ACCOUNT.name, ("viewer",))
    return np.asarray(author[rows["viewer"] == viewer])
