"""Who there is to look through the eyes of."""

from __future__ import annotations

from pathlib import Path

import msgspec
from litestar import Litestar
from litestar.testing import TestClient

from foryou.api.demo import GUIDE, DemoCreator, DemoOperator, DemoViewer, Guide
from foryou.api.server import application
from foryou.app import Engine
from foryou.settings import load


def test_outside_the_demo_there_is_nobody(http: TestClient[Litestar]) -> None:
    answer = http.get("/v1/demo")
    assert answer.status_code == 404
    assert "foryou demo" in answer.json()["error"]["problem"]


def test_the_demo_says_who_there_is(tmp_path: Path) -> None:
    told = Guide(
        [DemoViewer("ola47", "Ola", "nb", ["hiking"])],
        [DemoCreator("emma.dance", "Emma", "en", ["dance"])],
        DemoOperator("operator", "Operator"),
    )
    (tmp_path / GUIDE).write_bytes(msgspec.json.encode(told))
    engine = Engine.open(load(environment={"FORYOU_DATA_URL": f"file:{tmp_path}"}))
    try:
        with TestClient(application(engine)) as client:
            assert msgspec.convert(client.get("/v1/demo").json(), Guide) == told
    finally:
        engine.close()
