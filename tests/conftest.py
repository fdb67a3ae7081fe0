"""For every test: one thread for matrix products. At the end of a run: the mission rows that passing tests cover."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, Phase, settings

from foryou.models.threads import one_blas_thread

os.environ.pop("COLUMNS", None)  # set where tests run in several processes, and then the width of every console

settings.register_profile(
    "foryou",
    deadline=None,
    derandomize=True,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "foryou"))

ROWS = pytest.StashKey[dict[str, list[str]]]()
MISSION = "mission"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    one_blas_thread()


def pytest_configure(config: pytest.Config) -> None:
    """Room for what became of each mission row's tests."""
    config.stash[ROWS] = {}
    config.pluginmanager.register(Missions(config))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Writes into the report of each test which mission rows are marked on it: it may come from another process."""
    report = yield
    if report.when == "call" or report.failed:
        rows = [(MISSION, str(row)) for mark in item.iter_markers("mission") for row in mark.args]
        report.user_properties = [*report.user_properties, *rows]
    return report


class Missions:
    """Notes what became of each mission row's tests."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.failed:
            for name, row in report.user_properties:
                if name == MISSION:
                    self.config.stash[ROWS].setdefault(str(row), []).append(report.outcome)


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
