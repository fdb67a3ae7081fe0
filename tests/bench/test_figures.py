"""The figures are what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.bench.figures import exponent, percentiles
from foryou.bench.soak import verdict


def test_percentiles_have_the_names_of_the_reports() -> None:
    assert percentiles(list(range(101))) == {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0, "max_ms": 100.0}


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_law_is_found_without_error(power: float) -> None:
    sizes = [1e4, 1e5, 1e6]
    slope, error = exponent(sizes, [7 * size**power for size in sizes])
    assert (slope, error) == (pytest.approx(power, abs=1e-3), pytest.approx(0, abs=1e-3))


def test_the_error_of_an_exponent_tells_how_far_the_points_lie_off_and_two_points_tell_none() -> None:
    assert exponent([1, 10, 100], [1, 30, 100])[1] > 0.1
    assert np.isnan(exponent([1, 10], [1, 10])[1])


def minute(**changes: float) -> dict[str, float]:
    return {"rss_mib": 100, "disk_mib": 1, "cpu_s": 1, "p99_ms": 10, "handles": 20, "threads": 9, **changes}


@pytest.mark.parametrize(
    ("last", "flat"),
    [
        ({}, True),
        ({"rss_mib": 104}, False),
        ({"p99_ms": 12.5}, False),
        ({"p99_ms": 11}, True),
        ({"handles": 40}, False),
    ],
)
def test_a_soak_is_flat_unless_memory_latency_or_handles_grew(last: dict[str, float], flat: bool) -> None:
    assert verdict([minute(), minute(), minute(**last)])["flat"] is flat
