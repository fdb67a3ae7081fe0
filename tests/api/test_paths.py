"""A name in a path may be any text."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from foryou.api.paths import one_part

NAMES = ["plain", "a/b", "a/reach", "reach", "comments", "a/comments", "100%", "a%2Fb", "ä ö", "../v2", "a?b#c", "<b>"]


@pytest.mark.parametrize("name", NAMES)
def test_a_video_of_any_name_is_found_and_so_is_what_belongs_to_it(http: TestClient[Litestar], name: str) -> None:
    http.post("/v1/events", json=[{"id": "v", "kind": "video", "video": name}])
    path = f"/v1/videos/{quote(name, safe='')}"
    assert http.get(path).json()["video"] == name
    assert http.get(f"{path}/comments").json() == {"count": 0, "comments": [], "next": None}
    assert http.get(f"{path}/reach").json()["video"] == name


def test_slashes_sent_as_they_are_belong_to_the_name_unless_the_end_means_something() -> None:
    assert one_part("/v1/videos/a/b") == "/v1/videos/a%2Fb"
    assert one_part("/v1/videos/a/b/reach") == "/v1/videos/a%2Fb/reach"
    assert one_part("/v1/videos/reach") == "/v1/videos/reach"
    assert one_part("/v1/viewers/a/b/inbox/read") == "/v1/viewers/a%2Fb/inbox/read"
    assert one_part("/v1/viewers/a/events/x%2Fy") == "/v1/viewers/a/events/x%2Fy"
    assert one_part("/v1/feed") == ""
