"""Questions from one process to another on the same machine, and their answers, through a local socket.

It knows nothing about what is asked: a question is a name and bytes, an answer is bytes or one of our errors.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import struct
import threading
import time  # only to wait
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from foryou.core import errors
from foryou.core.errors import Forbidden, ForYouError, InvalidEvent, NotFound, Overloaded

_LENGTH = struct.Struct("<I")
_WAITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between tries while nobody listens: whoever answers is being started again."""
RETRY_S = 3.0
"""After which it should answer again."""
_LOG = logging.getLogger("foryou")


class _Question(msgspec.Struct, array_like=True):
    what: str
    body: bytes


class _Answer(msgspec.Struct, array_like=True):
    body: bytes = b""
    error: str = ""
    told: tuple[str | bool | float, ...] = ()


_NONSENSE = (msgspec.MsgspecError, UnicodeError)
"""What comes of a frame that is no question: whoever sent it is sent away."""
_encode = msgspec.msgpack.Encoder().encode
_question = msgspec.msgpack.Decoder(_Question).decode
_answer = msgspec.msgpack.Decoder(_Answer).decode


class Answering:
    """Answers whoever asks at a socket, each connection in a thread of its own, until it is closed."""

    def __init__(self, path: Path, answer: Callable[[str, bytes], bytes]) -> None:
        self._path, self._answer = path, answer
        self._connections: set[socket.socket] = set()
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        os.chmod(path, 0o600)
        self._socket.listen(128)
        threading.Thread(target=self._accept, name="foryou-answering", daemon=True).start()

    def close(self) -> None:
        """Nobody is answered any more."""
        for each in (self._socket, *self._connections):
            with contextlib.suppress(OSError):  # wakes whoever waits for it
                each.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), name="foryou-answer", daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        self._connections.add(connection)
        with contextlib.closing(connection), contextlib.suppress(OSError, *_NONSENSE):
            while (frame := _received(connection)) is not None:
                question = _question(frame)
                try:
                    answer = _Answer(self._answer(question.what, question.body))
                except ForYouError as error:
                    answer = _told(error)
                except Exception as error:  # a mistake of ours: whoever asked must not wait for ever
                    _LOG.exception("answering %r failed", question.what)
                    answer = _Answer(error="BackendError", told=(f"{type(error).__name__}: {error}",))
                _send(connection, _encode(answer))
        self._connections.discard(connection)


class Asking:
    """Asks at a socket; any thread may, each question has a connection to itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[socket.socket] = deque()

    def __call__(self, what: str, body: bytes = b"") -> bytes:
        """The answer, or the error that was raised there. A question may be asked twice, if whoever answers dies
        meanwhile. Overloaded if nobody answers for a while."""
        for wait in (*_WAITS, None):
            try:
                connection = self._connection()
                with contextlib.ExitStack() as broken:
                    broken.callback(connection.close)
                    _send(connection, _encode(_Question(what, body)))
                    frame = _received(connection)
                    if frame is not None:
                        broken.pop_all()
                        self._idle.append(connection)
                        return _given(_answer(frame))
            except OSError:
                pass
            self.close()  # what is idle is as dead
            if wait is not None:
                time.sleep(wait)
        raise Overloaded("the process that has the log does not answer; it is being started again", RETRY_S)

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _connection(self) -> socket.socket:
        try:
            return self._idle.pop()
        except IndexError:
            fresh = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                fresh.connect(str(self._path))
            except OSError:
                fresh.close()
                raise
            return fresh


def _send(connection: socket.socket, frame: bytes) -> None:
    connection.sendall(_LENGTH.pack(len(frame)) + frame)


def _received(connection: socket.socket) -> bytes | None:
    """A frame, or nothing once the other side is gone."""
    head = _exactly(connection, _LENGTH.size)
    return None if head is None else _exactly(connection, _LENGTH.unpack(head)[0])


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _told(error: ForYouError) -> _Answer:
    if isinstance(error, InvalidEvent | Forbidden):
        return _Answer(error=type(error).__name__, told=(error.field, error.problem, error.expected))
    if isinstance(error, NotFound):
        return _Answer(error="NotFound", told=(str(error), error.gone))
    if isinstance(error, Overloaded):
        return _Answer(error="Overloaded", told=(str(error), error.retry_s))
    return _Answer(error=type(error).__name__, told=(str(error),))


def _given(answer: _Answer) -> bytes:
    if answer.error:
        raise getattr(errors, answer.error)(*answer.told)
    return answer.body
