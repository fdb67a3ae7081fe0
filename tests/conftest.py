"""For every test: one thread for matrix products. At the end of a run: the mission rows that passing tests cover."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, Phase, settings

from foryou.models.threads import one_blas_thread

settings.register_profile(
    "foryou",
    deadline=None,
    derandomize=True,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "foryou"))

ROWS = pytest.StashKey[dict[str, list[str]]]()


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    one_blas_thread()


def pytest_configure(config: pytest.Config) -> None:
    """Room for what became of each mission row's tests."""
    config.stash[ROWS] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes the outcome of each test that a mission row is marked on."""
    report = yield
    if report.when == "call" or report.failed:
        for mark in item.iter_markers("mission"):
            for row in mark.args:
                item.config.stash[ROWS].setdefault(str(row), []).append(report.outcome)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The mission rows by what became of their tests."""
    rows = config.stash[ROWS]
    if not rows:
        return
    passed = sorted(row for row, outcomes in rows.items() if set(outcomes) == {"passed"})
    open_ = sorted(set(rows) - set(passed))
    terminalreporter.section("mission")
    terminalreporter.write_line(
        f"{len(passed)} rows covered: " + ", ".join(f"{row} ({len(rows[row])})" for row in passed)
    )
    if open_:
        terminalreporter.write_line("not covered by this run: " + ", ".join(open_))
