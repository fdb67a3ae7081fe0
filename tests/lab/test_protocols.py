"""The protocols beside peers, on a small cut of the public log, by their commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from foryou.cli import app
from foryou.core.errors import InvalidEvent, NotFound
from foryou.lab import peers as lab_peers
from tests.lab.test_commands import DAYS, told
from tests.protocols.cut import TWO_DAYS, cut

HEADS = {"finish", "long_view", "skip", "like", "comment", "share", "follow", "visit", "not_interested"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    some = {"impressions": "date in (20220430, 20220501) and user_id < 1500", "sequences": "user_id < 100"}
    return cut(tmp_path_factory.mktemp("cut"), {**TWO_DAYS, **some})


def asked(directory: Path, *words: str) -> dict[str, Any]:
    """What an evaluation told, and that it drew something."""
    picture = directory / "picture.png"
    picture.unlink(missing_ok=True)
    report = told(directory, "evaluate", *words, "--runs", "1", "--picture", str(picture))
    assert picture.read_bytes()[:4] == b"\x89PNG"
    return report


@pytest.mark.mission("NO-09")
@pytest.mark.mission("NL-20")
def test_peers_are_measured_head_by_head_on_the_same_rows(small: Path) -> None:
    pytest.importorskip("lightgbm")
    report = asked(small, "kuairand", "--peers", *DAYS)
    systems = report["systems"]
    assert {"random", "item_mean", "machine", "lightgbm", "foryou", "oracle"} <= set(systems)
    assert systems["oracle"]["gauc"] == 1.0
    assert abs(systems["random"]["gauc"] - 0.5) < 0.07
    for name in ("foryou", "machine", "lightgbm"):
        assert systems[name]["heads"]["long_view"]["auc"] > 0.53, name
        assert systems[name]["train"]["rows_per_second"] > 0
    assert set(systems["foryou"]["heads"]) == HEADS
    assert {"auc", "gauc", "log_loss", "ece"} <= set(systems["foryou"]["heads"]["skip"])
    for name in ("foryou", "lightgbm", "lightgbm_l1", "lightgbm_effects", "length_mean"):
        assert systems[name]["watch"]["mae"] > 0 and 0.4 < systems[name]["watch"]["xauc"] <= 1
    assert "primary" not in systems["lightgbm_l1"], "a system that does not rank is not ranked"


@pytest.mark.mission("NO-09")
def test_online_learners_are_measured_on_the_protocols_own_rows(small: Path) -> None:
    report, frozen = asked(small, "kuairand", "--online", *DAYS), told(small, "evaluate", "kuairand", *DAYS)
    assert report["rows"] == frozen["rows"] and report["users"] == frozen["users"]
    systems = report["systems"]
    assert {"foryou", "foryou_frozen", "foryou_videos", "running_mean", "machine"} <= set(systems)
    assert {"foryou_now", "machine_now"} <= set(systems), "what follows the viewer too is told as well"
    assert systems["foryou_frozen"]["primary"] == pytest.approx(frozen["primary"], abs=1e-3)
    for name in ("foryou", "machine"):
        assert systems[name]["heads"]["long_view"]["auc"] > systems["random"]["heads"]["long_view"]["auc"] + 0.05, name
    assert systems["foryou"]["train"]["rows"] > systems["foryou_frozen"]["train"]["rows"]


def test_new_videos_are_ranked_beside_the_means_of_their_authors_and_topics(small: Path) -> None:
    report = asked(small, "kuairand", "--cold", *DAYS)
    assert set(report["systems"]) == {"random", "topic_mean", "author_mean", "unseen", "early", "known"}
    assert report["videos"][0] == 758 and 0 < report["users"][0] < report["rows"][0]
    assert all(0 <= row["gauc"] <= 1 for row in report["systems"].values())


@pytest.mark.mission("NL-18")
@pytest.mark.mission("NO-25")
@pytest.mark.mission("NL-21")
@pytest.mark.mission("E-16")
@pytest.mark.mission("E-18")
@pytest.mark.mission("E-19")
def test_each_group_of_inputs_can_be_left_out_of_the_ranking(small: Path) -> None:
    groups = ("completion", "when", "text", "demographics")
    words = [word for name in groups for word in ("--without", name)]
    report = asked(small, "ablation", *DAYS, *words)
    assert set(report["without"]) == set(groups)
    for name, row in report["without"].items():
        assert row["difference"]["mean"] == pytest.approx(row["primary"] - report["full"]["primary"], abs=1e-4), name
    assert report["without"]["demographics"]["told"] == [], "this log says nothing of them"
    assert report["without"]["demographics"]["difference"]["mean"] == 0
    assert report["without"]["text"]["family"] == "" and report["without"]["completion"]["family"]


def test_one_protocol_at_a_time_and_only_groups_that_there_are(small: Path) -> None:
    for words, problem in (
        (["kuairand", "--peers", "--cold"], "--peers is another protocol"),
        (["ablation", "--without", "weather"], "'weather' is no group of inputs"),
    ):
        with pytest.raises(InvalidEvent, match=problem):
            CliRunner().invoke(app, ["evaluate", *words, "--data", str(small)], catch_exceptions=False)


def test_peers_that_are_not_here_are_asked_for_by_name(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_peers, "HOME", "elsewhere.peers")
    with pytest.raises(NotFound, match="checkout"):
        CliRunner().invoke(app, ["evaluate", "kuairand", "--peers", "--data", str(small)], catch_exceptions=False)
