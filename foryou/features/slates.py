"""Where in the log the slates of each moment begin, so that one can be found again by its request id."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.ports import Log, Offset, Record, Store
from foryou.core.table import Field, Table

MOMENT = 32
"""A request id shifted right by this is its moment of 4,096 ms: the id is a time in ms, then 20 bits that count."""

SLATES = Table("slates", (Field("offset", "int64", help="of the first slate of this moment in the log"),))
"""By moment: the size depends on how long slates are kept (at most 633,000 rows in 30 days), not on how many."""


def fold_slate(store: Store, rows: Batch, offset: Offset) -> None:
    """A slate was logged at this offset."""
    moment = rows["request"][:1] >> MOMENT
    if not store.has(SLATES.name, moment)[0]:
        store.write(SLATES.name, moment, Batch({"offset": np.array([offset], np.int64)}))


def find_slate(store: Store, log: Log, stream: str, request: int) -> Record | None:
    """The slate of a request, as it is in the log now; None if it is not there.

    Several processes may log slates a little out of order, so the moment after that of the request is looked at too.
    """
    moment = request >> MOMENT
    offset = int(store.columns(SLATES.name, np.array([moment], np.int64), ("offset",))["offset"][0])
    if not offset:
        return None
    for record in log.read(offset - 1, (stream,)):
        found = int(record.rows["request"][0])
        if found == request:
            return record
        if found >> MOMENT > moment + 1:
            break
    return None


def forget_slates(store: Store, request: int) -> None:
    """Forget the moments before that of a request."""
    moments = store.scan(SLATES.name, ("offset",))[0]
    store.delete(SLATES.name, moments[moments < request >> MOMENT])
