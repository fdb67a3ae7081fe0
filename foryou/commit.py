"""Group commit: events that come together are synced together, then folded in the order of the log."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.core.errors import ForYouError
from foryou.core.ports import Log, Record, Store
from foryou.features.fold import EVENTS_STREAM, unfolded_mask


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
        """Log and fold events; durable on return. False for those whose id was accepted before."""
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
        logged: list[tuple[_Ticket, NDArray[np.bool_], Record | None]] = []
        sent: set[int] = set()
        try:
            for ticket in tickets:
                fresh = self._fresh(ticket.rows, sent)
                record = None
                if fresh.any():
                    rows = ticket.rows if fresh.all() else ticket.rows.take(fresh)
                    record = Record(self.log.append(EVENTS_STREAM, rows), EVENTS_STREAM, rows)
                logged.append((ticket, fresh, record))
            self.log.sync()
        except ForYouError as problem:
            # What was refused must not come to light when there is room again; what is on the disk all the same counts.
            stays = self.log.withdraw([record.offset for _, _, record in logged if record is not None])
            for ticket in tickets:
                ticket.problem = problem
            logged = [each for each in logged if each[2] is not None and each[2].offset in stays]
        for ticket, fresh, record in logged:
            if record is not None:
                self.fold(record)
            ticket.fresh, ticket.problem = fresh, None

    def _fresh(self, rows: Batch, sent: set[int]) -> NDArray[np.bool_]:
        """Which events were neither accepted before nor come earlier in this commit."""
        fresh = unfolded_mask(self.store, rows)
        if sent:
            fresh &= ~np.isin(rows["id"], np.fromiter(sent, np.int64, len(sent)))
        sent.update(rows["id"][fresh].tolist())
        return np.asarray(fresh)
