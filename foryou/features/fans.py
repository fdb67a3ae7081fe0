"""Who follows whom, seen from the author; and up to when a viewer has read what others did.

A row only says where to look: whether a follow still stands, stands among the acts.
"""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.acts import act_key
from foryou.grouping import group

FAN = Table("fan", (Field("author", "int64"), Field("viewer", "int64")))
"""Under the key of the follow in `act`."""
READ = Table("read", (Field("at", "int64", help="ms up to which a viewer has read their inbox"),))
TABLES = (FAN, READ)


def fold(store: Store, rows: Batch) -> None:
    """Fold follows, and what was read, of events `[rows]`."""
    follows = rows.take((rows["kind"] == Kind.FOLLOW) & (rows["author"] != 0))
    if len(follows):
        keys, row = group(act_key(follows["viewer"], follows["author"], Kind.FOLLOW))
        of = np.zeros(len(keys), np.int64)
        of[row] = np.arange(len(row))
        store.write(FAN.name, keys, Batch({"author": follows["author"][of], "viewer": follows["viewer"][of]}))
    read = rows.take(rows["kind"] == Kind.READ)
    if len(read):
        keys, row = group(read["viewer"])
        at = store.read(READ.name, keys)["at"].copy()
        np.maximum.at(at, row, read["at"])
        store.write(READ.name, keys, Batch({"at": at}))


def followers(store: Store, author: Keys) -> Batch:
    """Who follows any of some authors now: `viewer`, `author`, and `at` since when (ms), the latest first."""
    keys, rows = store.scan(FAN.name, ("author", "viewer"))
    mine = np.flatnonzero(np.isin(rows["author"], author))
    acts = store.columns("act", keys[mine], ("active", "since"))
    found = Batch({"viewer": rows["viewer"][mine], "author": rows["author"][mine], "at": acts["since"]})
    found = found.take(acts["active"] == 1)
    return found.take(np.argsort(-found["at"], kind="stable"))


def read_until(store: Store, viewer: int) -> int:
    """Up to when (ms) a viewer has read their inbox; 0: never."""
    return int(store.read(READ.name, np.array([viewer], np.int64))["at"][0])


def rows_of(store: Store, viewer: int) -> Keys:
    """The keys of whom a viewer follows or followed."""
    key, rows = store.scan(FAN.name, ("viewer",))
    return np.asarray(key[rows["viewer"] == viewer])
