"""Differences in pairs, intervals, the page, and the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.quality.verdicts import least, lines, times, verdicts
from foryou.cli import app
from foryou.simulator.claims import overlap
from foryou.simulator.compare import compared, interval, ratio
from foryou.simulator.measures import MEASURES, gini


def run(policy: str, seed: int, value: float) -> dict[str, Any]:
    return {"policy": policy, "seed": seed, "measures": {measure.name: value for measure in MEASURES}}


def test_an_interval_is_student_s_over_seeds() -> None:
    found = interval([1.0, 2.0, 3.0])
    assert found["mean"] == 2 and found["high"] == pytest.approx(2 + 4.3027 / np.sqrt(3), abs=1e-3)
    assert interval([1.0])["low"] is None and interval([float("nan")])["mean"] is None


def test_a_ratio_is_geometric_and_pairs_make_it_sure() -> None:
    found = ratio([(1.0, 2.0), (10.0, 20.0), (100.0, 200.0)])
    assert found["mean"] == pytest.approx(0.5) and found["low"] == pytest.approx(found["high"])


def test_the_best_other_policy_is_named_by_measure() -> None:
    runs = [run(name, seed, value * seed) for name, value in (("a", 3.0), ("b", 1.0), ("c", 2.0)) for seed in (1, 2)]
    told = compared(runs, "a")
    assert told["best"]["satisfaction"] == "c" and told["best"]["skip_rate"] == "b"
    assert told["against"]["c"]["satisfaction"]["wins"] == 2
    assert told["against"]["c"]["satisfaction"]["ratio"]["mean"] == pytest.approx(1.5)


def test_gini_is_0_where_all_have_the_same_and_high_where_one_has_all() -> None:
    assert gini(np.array([5, 5, 5])) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 9])) == pytest.approx(0.75)


def test_slates_that_share_half_overlap_by_a_third() -> None:
    assert overlap(np.array([[1, 2], [2, 3], [4, 5]], np.int32))[0].tolist() == [pytest.approx(1 / 3), 0]
    assert np.isnan(overlap(np.array([[1, 2], [2, 3], [-1, 5]], np.int32))[0, 1]), "it had nothing to show"


def test_claims_hold_or_fail_by_what_was_asked() -> None:
    runs = [run("foryou", seed, 2.0) for seed in (1, 2)] + [run("epsilon-greedy", seed, 1.0) for seed in (1, 2)]
    runs += [run("popular", seed, 1.0) for seed in (1, 2)]
    twins = {"followers": [50, 55], "likes": [10, 20], "finishes": [20, 10], "hooks": [10, 20]}
    told_of = {"twins": twins, "pressed": [0.4, 0.1, 0.4, 0.2], "overlap": [0.5, 0.1], "strangers": [50, 20]}
    planted = [told_of for _ in range(2)]
    told = {claim["what"]: claim["holds"] for claim in verdicts(compared(runs, "foryou"), runs, planted, runs[:2], 14)}
    assert told["satisfaction against popular"] and told["true match of what is shown against popular"]
    assert told["reach with 100,000 followers against 10"]
    assert told["+10 points like rate: more reach at 48 h"] and told["overlap higher with the same taste"]
    assert not told["completion 60 % against 30 %: more reach"] and not told["three"]
    assert not told["seen videos shown again"] and not told["reach among strangers, likewise"]
    assert told["the same under epsilon-greedy"] is None, "nothing was asked of it"


def test_a_claim_holds_surely_where_all_of_its_interval_does() -> None:
    rows = lines(
        [
            times("near", [(1.1, 1.0), (1.5, 1.0), (1.3, 1.0)], 1.25, goal="2×"),
            times("far", [(2.1, 1.0), (2.2, 1.0)], 1.25, built=True),
            least("less", [0.1, 0.2], 0.5),
        ]
    )
    assert [row.what for row in rows] == [
        "holds, not surely, simulated: near",
        "holds, simulated, by construction: far",
        "**fails**, simulated: less",
    ]
    assert rows[0].asked == "≥ 1.25× (goal 2×)"


@pytest.mark.slow
def test_the_command_writes_figures_and_a_page_that_loads_nothing(tmp_path: Path) -> None:
    figures, page = tmp_path / "out.json", tmp_path / "out.html"
    sizes = ["--viewers", "40", "--creators", "8", "--videos", "160", "--days", "2", "--seeds", "2"]
    given = ["simulate", "--policy", "popular", "--against", "random", *sizes]
    done = CliRunner().invoke(app, [*given, "--json", str(figures), "--report", str(page)])
    assert done.exit_code == 0, done.output
    told = msgspec.json.decode(figures.read_bytes())
    assert told["simulated"] and set(told["policies"]) == {"popular", "random"}
    assert set(told["policies"]["popular"]["satisfaction"]) == {"mean", "low", "high", "n"}
    text = page.read_text("utf-8")
    assert text.count("<svg") == text.count('class="stamp">simulated</text>') == 9
    assert "http" not in text and "<script" not in text and "nan" not in text
