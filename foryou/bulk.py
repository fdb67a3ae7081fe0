"""Taking in many events at once: what comes next is read, and what came before is learned, beside what is folded.

Compiled loops let go of the interpreter, so the three share the cores. What is learned from is made while folding, in
log order, so a log gives the same model however far behind the learning is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from typing import TypeVar

from foryou.app import Engine

MOST_BEHIND = 100_000
"""Rows that may wait to be learned (2.6 kB each) before taking in waits for them."""
AT_ONCE = 4_096
"""Rows learned before it is looked whether to end."""
AHEAD = 2
"""Chunks that are read before they are asked for."""
_LOOK_S = 0.05

Item = TypeVar("Item")


@contextmanager
def learning(engine: Engine, most: int = MOST_BEHIND) -> Iterator[Callable[[], None]]:
    """Learns, and saves in time, in a thread of its own until the block ends; whoever folds calls what this yields now
    and then.

    That returns once no more than `most` rows wait, and raises what the learning failed with.
    """
    ends, failed = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            while not ends.is_set():
                if not engine.learn(AT_ONCE):
                    ends.wait(_LOOK_S)
                if engine.recovery.due:
                    engine.recovery.save_or_tell()
        except BaseException as problem:  # told to the one who folds
            failed.append(problem)

    def keep_up() -> None:
        while engine.learner.waiting > most and not failed:
            ends.wait(_LOOK_S)
        if failed:
            raise failed[0]

    thread = threading.Thread(target=work, name="foryou-learn", daemon=True)
    thread.start()
    try:
        yield keep_up
    finally:
        ends.set()
        thread.join()
    keep_up()


def ahead(items: Iterator[Item], most: int = AHEAD) -> Iterator[Item]:
    """The same items in the same order, with up to `most` of them made beforehand in a thread of its own.

    What making one raises, this raises after the items before it.
    """
    made: Queue[tuple[Item] | BaseException | None] = Queue(most)
    ends = threading.Event()

    def put(item: tuple[Item] | BaseException | None) -> None:
        while not ends.is_set():
            try:
                return made.put(item, timeout=_LOOK_S)
            except Full:
                continue

    def make() -> None:
        try:
            for item in items:
                put((item,))
                if ends.is_set():
                    return
            put(None)
        except BaseException as problem:  # raised where the items are used
            put(problem)

    thread = threading.Thread(target=make, name="foryou-read", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item = made.get(timeout=_LOOK_S)
            except Empty:
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item[0]
    finally:
        ends.set()
        thread.join()
