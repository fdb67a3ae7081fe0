"""An engine that keeps nothing, with a server in front of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gated import Gated
from litestar import Litestar
from litestar.testing import TestClient

from foryou.api.server import application
from foryou.app import Engine
from foryou.core.clock import MINUTE, ManualClock
from foryou.settings import Settings, load

NOW = 1_700_000_000_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def settings() -> Settings:
    return load(environment={"FORYOU_DATA_URL": "memory:", "FORYOU_SERVER_DEADLINE_MS": "0"})


@pytest.fixture
def engine(settings: Settings, clock: ManualClock) -> Iterator[Engine]:
    opened = Engine.open(settings, clock)
    yield opened
    opened.close()


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient[Litestar]]:
    with TestClient(application(engine), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def videos() -> list[dict[str, object]]:
    """Forty videos of seven authors, five hashtags among them, the first the newest."""
    return [
        {
            "id": f"video-{n}", "kind": "video", "video": f"v{n}", "author": f"a{n % 7}", "duration": 10.0 + n,
            "caption": f"number {n}", "hashtags": [f"#t{n % 5}"], "language": "en",
            "uploaded": NOW - 1000 * n, "at": NOW - 1000 * n,
        }
        for n in range(40)
    ]  # fmt: skip


@pytest.fixture
def gated(engine: Engine, clock: ManualClock) -> Iterator[Gated]:
    """The application behind its gate; keys that are made are seen at once."""
    app = application(engine)
    app.state.access.kept.look_s = 0.0
    yield Gated(app, clock)
    app.state.access.close()


@pytest.fixture
def send(http: TestClient[Litestar], clock: ManualClock) -> Callable[..., None]:
    """Sends events with ids of their own, each a minute after the one before."""
    count = 0

    def sending(*rows: dict[str, object]) -> None:
        nonlocal count
        for row in rows:
            count += 1
            clock.forward(MINUTE)
            assert http.post("/v1/events", json=[{"id": f"e{count}", **row}]).json()["refused"] == []

    return sending


@pytest.fixture
def get(http: TestClient[Litestar]) -> Callable[[str], Any]:
    def getting(path: str) -> Any:
        answer = http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return getting
