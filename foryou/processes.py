"""Several processes for one engine: one has the log, folds and learns; the others serve from what it keeps in shared
memory. This one starts them, and starts again whichever dies.

They share a directory in memory: the arenas of the tables, the socket of the process with the log, and the counters of
the metrics. The port is open all the time, held by the process that starts the others.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import threading
import time  # only to wait
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from foryou.access.open import Access
from foryou.api import rehearsal, server
from foryou.api.door import Progress
from foryou.app import Engine
from foryou.backends.arena import Arena, shared_directory
from foryou.backends.pipe import Answering
from foryou.background import settled
from foryou.core.clock import SystemClock
from foryou.core.errors import BackendError, ForYouError, SettingsError
from foryou.feed.numbers import PROCESSES
from foryou.settings import Settings
from foryou.worker import SOCKET, Worker, answer, arena_of, progress

_FORKS = multiprocessing.get_context("forkserver")
"""A process that has imported everything and does nothing else is forked: a start takes no time, and what was imported
lies in memory once."""
_AGAIN_S = 0.5
"""Least seconds between two starts of the same process."""
_PATIENCE_S = 20.0
_SPOOL_S = 0.01
"""How often it is looked whether there are slates to put into the log: looking costs as much as folding one, and who
serves knows its own slates already."""
_FAILED = 2
"""The status of a process that said itself what is wrong: it is not started again."""
_LOG = logging.getLogger("foryou")


@dataclass
class _Kept:
    """A process that is started again when it dies."""

    name: str
    make: Callable[[], BaseProcess]
    process: BaseProcess = field(init=False)
    started: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = self.make()
        self.process.start()


def serve(settings: Settings) -> None:
    """Serve with `server.workers` processes, and one that has the log, until SIGTERM or SIGINT. Only from the main
    thread.

    SettingsError if the settings do not fit, or nobody may listen there; BackendError if the log cannot be opened.
    """
    workers = settings.server.workers
    if not 1 <= workers <= PROCESSES:
        raise SettingsError(f"server.workers is {workers}; expected 1 to {PROCESSES}")
    if settings.data.directory is None:
        raise SettingsError(f"several processes need files to share; data.url is {settings.data.url!r}, give file:PATH")
    with closing(Access(settings.data.directory, settings.access)) as access:
        access.may_listen(settings.server.host, SystemClock()())
    shared = shared_directory()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared / "metrics")
    (shared / "metrics").mkdir()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # no threads before a fork
    _FORKS.set_forkserver_preload(["foryou.processes"])
    stopped = _until_told(signal.SIGTERM, signal.SIGINT)
    kept: list[_Kept] = []
    try:
        with _listening(settings) as port:
            kept.append(_Kept("log", lambda: _FORKS.Process(target=_write, args=(settings, shared))))
            kept += [_Kept(f"worker {n}", _serving(settings, shared, n, port)) for n in range(workers)]
            for each in kept:
                each.start()
            _keep(kept, stopped)
    finally:
        for each in reversed(kept):
            _end(each)
        shutil.rmtree(shared, ignore_errors=True)


def _serving(settings: Settings, shared: Path, number: int, port: socket.socket) -> Callable[[], BaseProcess]:
    return lambda: _FORKS.Process(target=_work, args=(settings, shared, number, port))


def _keep(kept: list[_Kept], stopped: threading.Event) -> None:
    """Start again whichever process dies. BackendError if the first one says that it cannot."""
    while not stopped.is_set():
        wait([each.process.sentinel for each in kept], timeout=0.5)
        for each in kept:
            if each.process.is_alive() or stopped.is_set():
                continue
            if each.process.exitcode == _FAILED:
                raise BackendError(f"the {each.name} process could not go on")
            _LOG.warning("the %s process ended (%s); starting it again", each.name, each.process.exitcode)
            time.sleep(max(0.0, _AGAIN_S - (time.monotonic() - each.started)))
            each.start()


def _end(kept: _Kept) -> None:
    """Tell a process to stop, and wait until it has."""
    if not hasattr(kept, "process"):
        return
    kept.process.terminate()
    kept.process.join(_PATIENCE_S)
    if kept.process.is_alive():
        kept.process.kill()
        kept.process.join()


def _until_told(*signals: signal.Signals) -> threading.Event:
    """Set on these signals."""
    stopped = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped.set()

    for each in signals:
        signal.signal(each, stop)
    return stopped


def _listening(settings: Settings) -> socket.socket:
    host, port = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as problem:
        listening.close()
        raise SettingsError(f"cannot listen at {host}:{port}: {problem.strerror}") from problem
    listening.listen(2048)
    return listening


# --- the process with the log -----------------------------------------------------------------------------------------


def _write(settings: Settings, shared: Path) -> None:
    # Ctrl-C reaches all processes at once: this one goes on until the others have handed over what they have.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stopped = _until_told(signal.SIGTERM)
    current = progress(shared)
    number = 1 + max((int(path.name.rpartition("-")[2]) for path in shared.glob("arena-*")), default=0)
    arena = Arena(arena_of(shared, number))

    def read(done: int, end: int) -> None:
        current[1:] = done, end

    try:
        rehearsal.once(read)
        engine = settled(Engine.open(settings, progress=read, memory=arena))
    except ForYouError as error:
        print(f"foryou: {error}", file=sys.stderr, flush=True)
        sys.exit(_FAILED)
    try:
        answering = Answering(shared / SOCKET, lambda what, body: answer(engine, what, body))
        engine.start()
        current[0] = number
        for path in shared.glob("arena-*"):
            if path != arena_of(shared, number):
                shutil.rmtree(path, ignore_errors=True)
        _take(engine, stopped)
        answering.close()
        engine.take()
    finally:
        engine.close()


def _take(engine: Engine, stopped: threading.Event) -> None:
    """Put slates into the log as they come, until told to stop, or nobody is left who would tell."""
    parent = os.getppid()
    while not stopped.wait(_SPOOL_S) and os.getppid() == parent:
        try:
            engine.take()
        except BackendError:  # a full disk, say: they wait where they are
            stopped.wait(_AGAIN_S)


# --- a process that serves --------------------------------------------------------------------------------------------


def _work(settings: Settings, shared: Path, number: int, port: socket.socket) -> None:
    threading.Thread(target=_not_alone, args=(os.getppid(),), name="foryou-parent", daemon=True).start()

    def load(told: Progress) -> Worker:
        worker = Worker(settings, shared, number)
        try:
            worker.wait(told)
        except BaseException:
            worker.close()
            raise
        return worker

    if number or progress(shared)[0]:  # another says meanwhile how far loading is, or serves
        worker = load(lambda done, end: None)
        server.serve(settings, lambda told: worker, port)
    else:
        server.serve(settings, load, port)


def _not_alone(parent: int) -> None:
    """Stop when the process that started this one is gone: nobody would."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)
