"""Questions to another process, and its answers."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from foryou.backends import pipe
from foryou.backends.pipe import Answering, Asking
from foryou.core.errors import BackendError, InvalidEvent, NotFound


def answer(what: str, body: bytes) -> bytes:
    if what == "double":
        return body * 2
    if what == "wrong":
        raise InvalidEvent("n", "is -1", "1 to 100")
    if what == "gone":
        raise NotFound("it was here", gone=True)
    raise ZeroDivisionError("a mistake")


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Asking]:
    answering, asking = Answering(tmp_path / "socket", answer), Asking(tmp_path / "socket")
    yield asking
    asking.close()
    answering.close()


def test_many_ask_at_once_and_each_gets_its_own_answer(ask: Asking) -> None:
    asked = [bytes([number]) * number * 1000 for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda body: ask("double", body), asked)) == [body * 2 for body in asked]


def test_errors_come_back_as_they_were_raised(ask: Asking) -> None:
    with pytest.raises(InvalidEvent) as wrong:
        ask("wrong")
    assert (wrong.value.field, wrong.value.problem, wrong.value.expected) == ("n", "is -1", "1 to 100")
    with pytest.raises(NotFound, match="it was here") as gone:
        ask("gone")
    assert gone.value.gone
    with pytest.raises(BackendError, match="ZeroDivisionError: a mistake"):
        ask("other")
    assert ask("double", b"x") == b"xx"


def test_a_question_waits_for_the_one_who_answers_next(tmp_path: Path) -> None:
    ask = Asking(tmp_path / "socket")
    first = Answering(tmp_path / "socket", answer)
    assert ask("double", b"a") == b"aa"
    first.close()
    held: list[Answering] = []
    later = threading.Timer(0.1, lambda: held.append(Answering(tmp_path / "socket", lambda what, body: b"new")))
    later.start()
    assert ask("double", b"a") == b"new"
    ask.close()
    held[0].close()


def test_nobody_there_is_an_error_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "_WAITS", (0.001,))
    with pytest.raises(BackendError, match="does not answer"):
        Asking(tmp_path / "socket")("double")
