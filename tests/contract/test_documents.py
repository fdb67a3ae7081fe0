"""What every keeper of documents does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from foryou.backends.documents import MemoryDocuments, SqliteDocuments
from foryou.core.ports import Documents


@pytest.fixture(params=["memory", "file"])
def documents(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Documents]:
    opened = MemoryDocuments() if request.param == "memory" else SqliteDocuments(tmp_path / "documents.sqlite")
    yield opened
    opened.close()


def test_documents_come_in_the_order_asked_for_with_none_for_those_not_there(documents: Documents) -> None:
    documents.put("video", [1, -2, 2**62], [b"one", b"", b"large"])
    assert documents.get("video", [2**62, 5, -2, 1, 1]) == [b"large", None, b"", b"one", b"one"]
    assert documents.get("video", []) == []


def test_kinds_do_not_mix(documents: Documents) -> None:
    documents.put("video", [1], [b"a video"])
    documents.put("author", [1], [b"an author"])
    assert documents.get("author", [1]) == [b"an author"]
    assert documents.get("sound", [1]) == [None]


def test_a_document_is_replaced(documents: Documents) -> None:
    documents.put("video", [1, 1], [b"first", b"second"])
    documents.put("video", [1], [b"third"])
    assert documents.get("video", [1]) == [b"third"]


def test_many_documents_at_once(documents: Documents) -> None:
    ids = list(range(5_000))
    documents.put("video", ids, [str(each).encode() for each in ids])
    assert documents.get("video", ids) == [str(each).encode() for each in ids]


def test_the_latest_are_those_with_the_highest_ids_and_those_first(documents: Documents) -> None:
    documents.put("slate", [5, 1, 9], [b"b", b"a", b"c"])
    documents.put("video", [99], [b"another kind"])
    assert documents.latest("slate", 2) == [b"c", b"b"]
    assert documents.latest("slate", 10) == [b"c", b"b", b"a"]
    assert documents.latest("sound", 2) == []


def test_trimming_removes_the_ids_below_and_says_how_many(documents: Documents) -> None:
    documents.put("slate", [1, 5, 9], [b"a", b"b", b"c"])
    documents.put("video", [1], [b"stays"])
    assert documents.trim("slate", 9) == 2
    assert documents.trim("slate", 9) == 0
    assert documents.get("slate", [1, 5, 9]) == [None, None, b"c"]
    assert documents.get("video", [1]) == [b"stays"]


def test_clearing_removes_all(documents: Documents) -> None:
    documents.put("video", [1], [b"one"])
    documents.clear()
    assert documents.get("video", [1]) == [None]


def test_as_many_documents_as_ids_are_needed(documents: Documents) -> None:
    with pytest.raises(ValueError, match="zip"):
        documents.put("video", [1, 2], [b"one"])
    assert documents.get("video", [2]) == [None]


def test_documents_are_removed_by_name(documents: Documents) -> None:
    documents.put("explained", [1, 2, 3], [b"a", b"b", b"c"])
    assert documents.remove("explained", [1, 3, 9]) == 2
    documents.scrub()
    assert documents.get("explained", [1, 2, 3]) == [None, b"b", None]
    assert documents.remove("explained", []) == 0
