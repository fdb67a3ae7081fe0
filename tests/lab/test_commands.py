"""The commands that measure, on a small cut of the public log: another directory of the same form, with other days."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from foryou.cli import app
from foryou.core.errors import InvalidEvent, NotFound

DATA = Path("data/kuairand-pure")
DAYS = ("--test-from", "2022-05-01", "--test-to", "2022-05-01")
CUTS = {
    "impressions": "where date in (20220430, 20220501) and user_id < 3000",
    "sequences": "where user_id < 300",
    "videos": "",
    "users": "",
}


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cut")
    with duckdb.connect() as connection:
        for name, where in CUTS.items():
            source, target = DATA / f"{name}.parquet", directory / f"{name}.parquet"
            connection.execute(f"copy (select * from '{source}' {where}) to '{target}' (format parquet)")
    return directory


def told(directory: Path, *words: str) -> dict[str, Any]:
    """What a command wrote with --json."""
    path = directory / "report.json"
    result = CliRunner().invoke(app, [*words, "--data", str(directory), "--json", str(path)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return report


@pytest.mark.mission("NO-09")
def test_the_protocol_ranks_the_test_days_beside_chance_the_item_mean_and_the_oracle(cut: Path) -> None:
    report, again = (told(cut, "evaluate", "kuairand", *DAYS) for _ in range(2))
    with duckdb.connect() as connection:
        rows, users = connection.sql(
            f"select count(*), count(distinct user_id) from '{cut / 'impressions.parquet'}' where date = 20220501"
        ).fetchall()[0]
    assert (report["protocol"], report["rows"], report["users"], report["seed"]) == ("KR-rank", rows, users, 1)
    base = report["baselines"]
    assert base["oracle"]["gauc"] == 1.0
    assert abs(base["random"]["gauc"] - 0.5) < 0.05
    assert report["primary"] > base["random"]["primary"] + 0.02
    assert report["primary"] == pytest.approx((report["gauc"] + report["ndcg5"]) / 2, abs=1e-5)
    assert {**report, "seconds": 0} == {**again, "seconds": 0}


def test_a_replay_predicts_before_it_learns_and_draws_what_it_measured(cut: Path) -> None:
    picture = cut / "replay.png"
    report = told(cut, "replay", "kuairand", "--picture", str(picture))
    with duckdb.connect() as connection:
        shown = connection.sql(f"select count(*) from '{cut / 'impressions.parquet'}'").fetchall()[0][0]
    assert 0.99 * shown <= report["measured"] <= shown
    assert report["rows"] > report["measured"]
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_days_that_are_not_there_and_logs_that_are_not_known_are_refused(cut: Path) -> None:
    for words, problem in (
        (["evaluate", "kuairand", "--test-from", "2023-01-01", "--test-to", "2023-01-02"], NotFound),
        (["evaluate", "kuairand", "--test-from", "2022-05-02", "--test-to", "2022-05-01"], InvalidEvent),
        (["replay", "movies"], InvalidEvent),
    ):
        with pytest.raises(problem):
            CliRunner().invoke(app, [*words, "--data", str(cut)], catch_exceptions=False)
