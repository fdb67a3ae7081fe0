"""`foryou simulate` as it is called: what it refuses, what it keeps where a run fails, and what it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from numpy._core._multiarray_umath import __cpu_features__
from typer.testing import CliRunner, Result

from foryou.cli import app
from foryou.core.errors import BackendError, ForYouError, InvalidEvent
from foryou.simulator.compare import SAME_EVERYWHERE, Report, in_processes
from foryou.targets import put, writable

SMALL = ("--viewers", "20", "--creators", "4", "--videos", "40", "--days", "1")
OWN = """
import numpy as np

class Own:
    name = "mine-alone"
    def start(self, public):
        self.seed = public.seed
    def join(self, viewers, at): pass
    def publish(self, videos, at): pass
    def feed(self, viewers, at, sessions, n):
        return {feed}
    def observe(self, rows): pass
    def finish(self): return {{}}
"""
NOTHING = "np.full((len(viewers), n), -1)"


def simulate(*words: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *words])


def own(directory: Path, feed: str) -> str:
    path = directory / "own.py"
    path.write_text(OWN.format(feed=feed))
    return f"{path}:Own"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--step-s", "0"), "--step-s: is 0; expected 1 to 86,400"),
        (("--step-s", "-5"), "--step-s: is -5"),
        (("--seed", "-5"), "--seed: is -5; expected 0 or more"),
        (("--seeds", "0"), "--seeds: is 0; expected 1 or more"),
        (("--viewers", "-1"), "--viewers: is -1; expected 1 or more"),
        (("--days", "0"), "--days: is 0; expected 1 or more"),
        (("--jobs", "0"), "--jobs: is 0"),
        (("--farms", "-1"), "--farms: is -1; expected 0 to 1,000"),
        (("--viewers", "5", "--creators", "6"), "--creators: is 6; expected at most --viewers, 5"),
        (("--server", "http://127.0.0.1:1"), "--server: random, popular ask no server; expected foryou"),
        (("--config", "a.toml", "--server", "http://127.0.0.1:1"), "--config: is given with --server; expected one"),
        (("--config", "/no/such/a.toml"), "cannot read the settings file /no/such/a.toml"),
        (("--json", "/no/such/a.json"), "--json: there is no directory /no/such"),
        (("--report", "/"), "--report: / is a directory"),
    ],
)
def test_what_cannot_be_is_one_line_that_names_the_option(words: tuple[str, ...], said: str) -> None:
    done = simulate("--policy", "random", "--against", "popular", *words)
    assert isinstance(done.exception, ForYouError) and said in str(done.exception)


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        ("[[1]] * len(viewers)", "gave a list; expected a NumPy array"),
        ("np.zeros(n, np.int32)", "gave int32 of the shape 10"),
        ("np.zeros((len(viewers), n))", "gave float64"),
        ("np.full((len(viewers), n), 999)", "shows video 999; expected 0 to 39"),
        ("np.full((len(viewers), n), 39)", "shows video 39, which is not out"),
    ],
)
def test_a_feed_that_shows_what_it_cannot_is_told_what_it_can(tmp_path: Path, feed: str, said: str) -> None:
    done = simulate("--policy", own(tmp_path, feed), "--against", "", *SMALL, "--seeds", "1")
    assert isinstance(done.exception, InvalidEvent) and said in str(done.exception)
    assert "feed of mine-alone" in str(done.exception)


def test_a_run_that_fails_leaves_those_before_it_and_what_is_missing_is_told(tmp_path: Path) -> None:
    figures, page = tmp_path / "a.json", tmp_path / "a.html"
    policy = own(tmp_path, f"{NOTHING} if self.seed == 1 else []")
    where = ("--json", str(figures), "--report", str(page))
    done = simulate("--policy", policy, "--against", "random", *SMALL, "--seeds", "2", *where)
    assert done.exit_code != 0 and "2 of 4 runs are missing" in done.output and str(figures) in done.output
    told = msgspec.json.decode(figures.read_bytes())
    assert [(run["policy"], run["seed"]) for run in told["runs"]] == [("mine-alone", 1), ("random", 1)]
    assert told["missing"] == [{"policy": "mine-alone", "seed": 2}, {"policy": "random", "seed": 2}]
    assert "there is none of mine-alone in seed 2; random in seed 2" in page.read_text("utf-8")
    assert not list(tmp_path.glob(".*")), "nothing half written is left"


def test_what_is_assumed_otherwise_is_told_and_a_policy_has_its_own_name(tmp_path: Path) -> None:
    figures, page, how = tmp_path / "a.json", tmp_path / "a.html", tmp_path / "how.json"
    how.write_text('{"keep": 0.8}')
    given = ("--behaviour", str(how), "--farms", "5", "--json", str(figures), "--report", str(page))
    done = simulate("--policy", own(tmp_path, NOTHING), "--against", "popular", *SMALL, "--seeds", "1", *given)
    assert done.exit_code == 0, done.output
    told = msgspec.json.decode(figures.read_bytes())
    assert told["policy"] == "mine-alone" and set(told["policies"]) == {"mine-alone", "popular"}
    assert told["behaviour"] == {"file": str(how), "changed": {"keep": 0.8}} and told["missing"] == []
    assert told["farms"] == 5 and 0 <= told["policies"]["popular"]["bought_reach"]["mean"] <= 1
    assert "10 qualified views" in told["measures"]["best_reached"]["help"], "half of the viewers"
    text = page.read_text("utf-8")
    assert "<code>keep</code>" in text and "5 accounts that sell likes" in text and "own.py" not in text
    assert "repeats" in done.output and "bought reach" in done.output


def test_the_engine_runs_as_a_file_sets_it_and_figures_and_page_say_so(tmp_path: Path) -> None:
    figures, page, config = tmp_path / "a.json", tmp_path / "a.html", tmp_path / "a.toml"
    config.write_text('[reach]\naudiences = [2, 4, 8, 16]\n[client]\nkey = "our secret"\n[server]\nport = 9999\n')
    given = ("--config", str(config), "--json", str(figures), "--report", str(page))
    done = simulate("--policy", "foryou", "--against", "", *SMALL, "--seeds", "1", *given)
    assert done.exit_code == 0, done.output
    told = msgspec.json.decode(figures.read_bytes())
    assert told["settings"] == {"file": str(config), "changed": {"reach.audiences": [2, 4, 8, 16]}}
    assert "reach.audiences = (2, 4, 8, 16)" in page.read_text("utf-8")
    assert "our secret" not in page.read_text("utf-8") + figures.read_text("utf-8")


def half(task: int) -> Report:
    if task == 2:
        raise BackendError("this one fails")
    return {"task": task}


def test_of_several_processes_those_that_end_are_told_before_the_one_that_failed() -> None:
    ended = in_processes(half, [1, 2, 3], 3)
    found: list[Any] = []
    with pytest.raises(BackendError, match="this one fails"):
        found.extend(each["task"] for each in ended)
    assert set(found) <= {1, 3} and 1 in found


def arithmetic(task: int) -> Report:
    return {"task": task, "wide": [name for name in ("X86_V4", "AVX512_ICL") if __cpu_features__.get(name)]}


def test_processes_that_are_to_compute_as_on_any_other_machine_leave_wide_instructions_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in SAME_EVERYWHERE:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)  # it is put back to what it was afterwards
    found = list(in_processes(arithmetic, [1, 2], 2, SAME_EVERYWHERE))
    assert [each["wide"] for each in found] == [[], []]


def test_a_file_is_tried_without_leaving_a_trace_and_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    writable("--json", path)
    assert not path.exists()
    put(path, b"one")
    writable("--json", path)
    assert path.read_bytes() == b"one" and list(tmp_path.iterdir()) == [path]
