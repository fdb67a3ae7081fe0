"""The commands that measure lists drawn from all items: on a cut of the public log, and where the answer is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.quality import kr_next
from foryou.cli import app
from foryou.core.errors import InvalidEvent, NotFound
from foryou.lab import retrieval
from foryou.protocols.interactions import read

DATA = Path("data/kuairand-pure")
SOME = "video_id % 12 = 0"
CUTS = {
    "impressions": f"select * from '{DATA}/impressions.parquet' where {SOME} and user_id % 3 = 0",
    "sequences": f"""
        select * replace (list_filter(watch_seq, lambda video_id: {SOME}) as watch_seq,
                          list_filter(long_watch_seq, lambda video_id: {SOME}) as long_watch_seq)
        from '{DATA}/sequences.parquet' where user_id % 9 = 0""",
    "videos": f"select * from '{DATA}/videos.parquet' where {SOME}",
}


def told(directory: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, Any]:
    """What a command wrote with --json. Pictures go to the directory too."""
    path, here = directory / "report.json", Path.cwd()
    monkeypatch.syspath_prepend(str(here))
    result = CliRunner().invoke(
        app,
        ["evaluate", *words, "--json", str(path), "--picture", str(directory / "report.png")],
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return report


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    with duckdb.connect() as connection:
        for name, query in CUTS.items():
            connection.execute(f"copy ({query}) to '{tmp_path / name}.parquet' (format parquet)")
    return tmp_path


@pytest.mark.mission("NL-20")
def test_what_viewers_watch_next_is_found_among_all_videos_and_better_than_by_popularity(
    cut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "_peers", popularity_alone)
    report = told(cut, monkeypatch, "kuairand", "--next", "--data", str(cut))
    ours, popularity = report["systems"]["foryou"], report["systems"]["popularity"]
    assert (report["protocol"], report["valid_from"], report["items"]) == ("KR-next", "2022-04-27", 632)
    assert ours["recall@20"] <= ours["recall@100"] <= ours["recall@500"] <= 1
    for measure in ("recall@20", "ndcg@100"):
        assert ours[measure] > popularity[measure]
    told_in_the_table = kr_next.lines(report)
    assert "**ForYou**" in told_in_the_table[0].what
    assert "popularity" in told_in_the_table[1].what
    assert (cut / "report.png").read_bytes()[:4] == b"\x89PNG"


def popularity_alone(matrices: tuple[str, ...], timed: bool, items: int) -> Any:
    """The quickest peer."""
    from benchmarks.peers.retrieval import peers  # noqa: PLC0415

    return tuple(peer for peer in peers(matrices, timed, items)[0] if peer.name == "popularity")


@pytest.fixture
def checkerboard(tmp_path: Path) -> Path:
    """Two kinds of viewers and items, named by words; items 36 to 39 are in no train row and look like their kind."""
    chance = np.random.default_rng(1)
    rows: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for user in range(160):
        kind = [item for item in range(36) if item % 2 == user % 2]
        mine = chance.permutation(kind)[:8].tolist()
        last = 36 + user % 2 + 2 * int(chance.integers(2)) if user % 8 < 2 else mine[7]
        for part, items in (("train", mine[:6]), ("valid", mine[6:7]), ("test", [last])):
            rows[part] += [f"('viewer {user}', 'item {item}')" for item in items]
    with duckdb.connect() as connection:
        for part, values in rows.items():
            table = f'(values {", ".join(values)}) as rows("user", item)'
            connection.execute(f"copy (select * from {table}) to '{tmp_path / part}.parquet' (format parquet)")
        looks = [
            f"('item {item}', [{1 - item % 2 + chance.normal(0, 0.05)}, {item % 2 + chance.normal(0, 0.05)}])"
            for item in range(40)
        ]
        table = f"(values {', '.join(looks)}) as rows(item, image)"
        connection.execute(f"copy (select * from {table}) to '{tmp_path / 'items'}.parquet' (format parquet)")
    return tmp_path


def test_any_data_set_is_measured_beside_its_peers_with_settings_chosen_on_valid(
    checkerboard: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("interactions", "--data", str(checkerboard), "--k", "12", "--budget", "2")
    report = told(checkerboard, monkeypatch, *words)
    assert {"recall", "ndcg", "k", "seconds", "chosen", "peers"} <= set(report)
    assert (report["users"], report["items"], report["k"]) == (160, 40, 12)
    assert {"popularity", "RP3beta", "EASE"} <= set(report["peers"])
    assert report["recall"] > 1.3 * report["peers"]["popularity"]["recall@12"]
    # three of four tests are warm items of one's own kind, of which at most 12 are left: only content finds the others
    assert report["recall"] > report["peers"]["EASE"]["recall@12"]


def test_vectors_of_any_name_and_ids_that_are_words_are_read(checkerboard: Path) -> None:
    data = read(checkerboard)
    assert list(data.vectors) == ["image"]
    assert data.vectors["image"].shape == (40, 2)
    assert len(data.parts["train"].item) == 160 * 6


def test_a_data_set_that_lacks_a_part_or_a_column_is_refused_in_words(checkerboard: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1 as \"user\", 2 as thing) to '{checkerboard / 'valid'}.parquet'")
    with pytest.raises(InvalidEvent, match="item"):
        read(checkerboard)
    (checkerboard / "test.parquet").unlink()
    with pytest.raises(NotFound, match="test"):
        read(checkerboard)
