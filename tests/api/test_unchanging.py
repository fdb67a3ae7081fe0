"""Clips and the page's assets: parts of files, what browsers keep, and what cannot be reached."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from foryou.access import headers
from foryou.api.server import application
from foryou.app import Engine
from foryou.settings import load

CLIP = bytes(range(256)) * 4
AT = "/media/v1-0a1b2c.mp4"
SCRIPT = "1;" * 500
ZIPPED = gzip.compress(SCRIPT.encode())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[TestClient[Litestar]]:
    """A server whose data has one clip beside a secret, and a built page."""
    data, static = tmp_path / "data", tmp_path / "static"
    (data / "media").mkdir(parents=True)
    (data / "media" / "v1-0a1b2c.mp4").write_bytes(CLIP)
    (data / "media" / "v1-0a1b2c.vtt").write_text("WEBVTT\n", "utf-8")
    (data / "media" / ".secret.mp4").write_bytes(b"secret")
    (data / "secret.mp4").write_bytes(b"secret")
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<p>page</p>", "utf-8")
    (static / "assets" / "index-abc.js").write_text(SCRIPT, "utf-8")
    (static / "assets" / "index-abc.js.br").write_bytes(b"as brotli has it")
    (static / "assets" / "index-abc.js.gz").write_bytes(ZIPPED)
    (static / "assets" / "plain.css").write_text("p {}", "utf-8")
    engine = Engine.open(load(environment={"FORYOU_DATA_URL": f"file:{data}"}))
    try:
        with TestClient(application(engine, static), raise_server_exceptions=False) as client:
            yield client
    finally:
        engine.close()


def test_a_clip_comes_whole_and_is_kept_for_a_year(served: TestClient[Litestar]) -> None:
    answer = served.get(AT)
    assert (answer.status_code, answer.content) == (200, CLIP)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert served.get("/media/v1-0a1b2c.vtt").headers["content-type"] == "text/vtt; charset=utf-8"


@pytest.mark.parametrize(
    ("asked", "part", "told"),
    [
        ("bytes=0-9", CLIP[:10], "bytes 0-9/1024"),
        ("bytes=1000-", CLIP[1000:], "bytes 1000-1023/1024"),
        ("bytes=1000-9999", CLIP[1000:], "bytes 1000-1023/1024"),
        ("bytes=-24", CLIP[-24:], "bytes 1000-1023/1024"),
        ("bytes=-5000", CLIP, "bytes 0-1023/1024"),
    ],
)
def test_a_player_that_seeks_gets_the_part_it_asks_for(
    served: TestClient[Litestar], asked: str, part: bytes, told: str
) -> None:
    answer = served.get(AT, headers={"range": asked})
    assert (answer.status_code, answer.content, answer.headers["content-range"]) == (206, part, told)
    assert answer.headers["content-length"] == str(len(part))


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_a_part_beyond_the_end_is_refused_with_the_size(served: TestClient[Litestar], asked: str) -> None:
    answer = served.get(AT, headers={"range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */1024")
    assert answer.json()["error"]["field"] == "range"


@pytest.mark.parametrize("asked", ["bytes=9-1", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5"])
def test_a_range_that_cannot_be_served_gets_the_whole(served: TestClient[Litestar], asked: str) -> None:
    answer = served.get(AT, headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, CLIP)


def test_who_has_a_clip_is_told_so_and_a_part_of_another_version_is_never_mixed_in(
    served: TestClient[Litestar],
) -> None:
    told = served.get(AT).headers
    for shown in ({"if-none-match": told["etag"]}, {"if-modified-since": told["last-modified"]}):
        again = served.get(AT, headers=shown)
        assert (again.status_code, again.content) == (304, b"")
    assert served.get(AT, headers={"range": "bytes=0-1", "if-range": told["etag"]}).status_code == 206
    assert served.get(AT, headers={"range": "bytes=0-1", "if-range": '"another"'}).status_code == 200
    head = served.head(AT)
    assert (head.headers["content-length"], head.content) == ("1024", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/media/", "/media/none.mp4", "/media/.secret.mp4", "/media/..%2fsecret.mp4", "/media/%2e%2e/secret.mp4",
        "/media/%2e%2e%5csecret.mp4", "/media/v1-0a1b2c.mp4%00.vtt", "/media/v1-0a1b2c.mp4/x", "/media/log.db",
    ],
)  # fmt: skip
def test_nothing_else_can_be_reached_and_no_cache_keeps_that(served: TestClient[Litestar], path: str) -> None:
    answer = served.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


def test_clips_are_only_read(served: TestClient[Litestar]) -> None:
    assert served.post(AT).status_code == 405
    assert served.delete(AT).status_code == 405


def test_assets_are_kept_and_the_page_is_asked_for_again(served: TestClient[Litestar]) -> None:
    assert served.get("/assets/index-abc.js").headers["cache-control"] == "public, max-age=31536000, immutable"
    assert served.get("/assets/index-abc.js").headers["content-type"] == "text/javascript; charset=utf-8"
    assert served.get("/").headers["cache-control"] == "no-cache"


def test_the_page_says_which_texts_it_will_ask_for(served: TestClient[Litestar], tmp_path: Path) -> None:
    assert "link" not in served.get("/").headers
    (tmp_path / "static" / "assets" / "nb-abc.js").write_text("1", "utf-8")
    (tmp_path / "static" / "index.html").write_text("<p>newer</p>", "utf-8")
    for path in ("/", "/v/v1"):
        answer = served.get(path, headers={"accept-language": "nn-NO, en;q=0.5"})
        assert (answer.text, answer.headers["link"]) == ("<p>newer</p>", "</assets/nb-abc.js>; rel=modulepreload")
        assert "link" not in served.get(path, headers={"accept-language": "fr"}).headers
    assert served.head("/").content == b""


def test_the_page_says_which_files_of_an_address_it_will_ask_for(served: TestClient[Litestar], tmp_path: Path) -> None:
    (tmp_path / "static" / "pages.json").write_text('{"Tune": ["/assets/Tune-1.js", "/assets/Tune-1.css"]}', "utf-8")
    (tmp_path / "static" / "index.html").write_text("<p>newest</p>", "utf-8")
    links = "</assets/Tune-1.js>; rel=modulepreload, </assets/Tune-1.css>; rel=preload; as=style; crossorigin"
    assert served.get("/tune").headers["link"] == links
    assert "link" not in served.get("/you").headers


def test_who_goes_to_an_address_that_is_none_gets_the_page_that_says_so(served: TestClient[Litestar]) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/cooking", "/@", "/tune/more"):
        answer = served.get(path, headers=browser)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert served.get(path).json()["error"]["field"] == "path"
    for path in ("/v1/none", "/media/none.mp4", "/assets/none.js"):
        assert "html" not in served.get(path, headers=browser).headers["content-type"]


@pytest.mark.parametrize(
    ("reads", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"), ("br;q=0.5,gzip;q=1.0", "br"), ("GZIP", "gzip"), ("br;q=0, gzip", "gzip"),
        ("br; q=0.000, deflate", None), ("identity", None), ("", None),
    ],
)  # fmt: skip
def test_an_asset_comes_compressed_to_whoever_reads_that(
    served: TestClient[Litestar], reads: str, coding: str | None
) -> None:
    with served.stream("GET", "/assets/index-abc.js", headers={"accept-encoding": reads}) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert body == {"br": b"as brotli has it", "gzip": ZIPPED, None: SCRIPT.encode()}[coding]
    again = served.get(
        "/assets/index-abc.js", headers={"accept-encoding": reads, "if-none-match": answer.headers["etag"]}
    )
    assert (again.status_code, again.headers["vary"]) == (304, "Accept-Encoding")


def test_a_part_of_an_asset_is_of_it_as_it_is_and_what_has_no_compressed_form_comes_so(
    served: TestClient[Litestar],
) -> None:
    part = served.get("/assets/index-abc.js", headers={"accept-encoding": "gzip", "range": "bytes=0-3"})
    assert (part.status_code, part.content, "content-encoding" in part.headers) == (206, b"1;1;", False)
    plain = served.get("/assets/plain.css", headers={"accept-encoding": "br, gzip"})
    assert (plain.text, "content-encoding" in plain.headers) == ("p {}", False)
    assert served.get("/assets/index-abc.js.gz").status_code == 404


def test_the_page_may_play_and_nothing_else_that_it_does_not_need() -> None:
    told = {name.decode(): value.decode() for name, value in headers.of_page()}
    policy = dict(part.strip().split(" ", 1) for part in told["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["media-src"] == "'self' blob: https:"
    assert "autoplay=(self)" in told["permissions-policy"]
    assert (told["x-content-type-options"], told["referrer-policy"]) == ("nosniff", "no-referrer")
