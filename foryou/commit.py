"""Group commit: events that come together are one record of the log, synced once and folded once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.core.errors import ForYouError, Overloaded
from foryou.core.ports import Log, Record, Store
from foryou.features.fold import EVENTS_STREAM, unfolded_mask

MOST_WAITING = 1_024
"""Calls that may wait for their commit: each has a thread of its own and at most a request's events, so this bounds
what a disk that stands still can make wait."""


@dataclass(slots=True)
class _Ticket:
    """Events that wait for their commit."""

    rows: Batch
    fresh: NDArray[np.bool_] | None = None
    problem: ForYouError | None = None


@dataclass
class GroupCommit:
    """Whoever gets the lock commits for everybody who waits; the others find theirs done."""

    log: Log
    store: Store
    lock: threading.RLock
    fold: Callable[[Record], None]
    _tickets: deque[_Ticket] = field(default_factory=deque)

    def accept(self, rows: Batch) -> NDArray[np.bool_]:
        """Log and fold events; durable on return. False for those whose id was accepted before.

        Overloaded if too many wait already: then none was taken.
        """
        if len(self._tickets) >= MOST_WAITING:
            raise Overloaded(f"{MOST_WAITING:,} requests wait to be written already")
        ticket = _Ticket(rows)
        self._tickets.append(ticket)
        with self.lock:
            if ticket.fresh is None and ticket.problem is None:
                self._commit()
        if ticket.fresh is None:
            assert ticket.problem is not None
            raise ticket.problem
        return ticket.fresh

    def _commit(self) -> None:
        tickets = [self._tickets.popleft() for _ in range(len(self._tickets))]
        rows = Batch.concat([ticket.rows for ticket in tickets])
        fresh = unfolded_mask(self.store, rows)
        record: Record | None = None
        try:
            if fresh.any():
                kept = rows if fresh.all() else rows.take(fresh)
                record = Record(self.log.append(EVENTS_STREAM, kept), EVENTS_STREAM, kept)
                self.log.sync()
        except ForYouError as problem:
            # What was refused must not come to light when there is room again; what is on the disk all the same counts.
            stays = self.log.withdraw([record.offset]) if record is not None else set()
            if record is None or record.offset not in stays:
                for ticket in tickets:
                    ticket.problem = problem
                return
        if record is not None:
            self.fold(record)
        ends = np.cumsum([len(ticket.rows) for ticket in tickets])[:-1]
        for ticket, mine in zip(tickets, np.split(fresh, ends), strict=True):
            ticket.fresh = mine
