"""Charts show what can be, on scales that hold all of it."""

from __future__ import annotations

import re

from foryou.simulator.drawing import BOTTOM, HIGH, SHARE, TOP, Line, Point, lines, points

DAYS = (1.0, 2.0, 3.0)


def band(svg: str) -> list[tuple[float, float]]:
    found = re.search(r'<polygon points="([^"]+)"', svg)
    assert found is not None
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in found[1].split())]


def test_a_band_below_zero_stays_within_the_chart() -> None:
    svg = lines("Difference", DAYS, [Line("red", (0.0, 1.0, 2.0), (-9.0, -5.0, -1.0), (1.0, 2.0, 3.0))], "day", "")
    assert all(TOP <= y <= HIGH - BOTTOM for _, y in band(svg))


def test_the_band_of_a_share_goes_from_nothing_to_all() -> None:
    drawn = [Line("red", (0.5, 0.5, 0.5), (-2.0, 0.2, 0.3), (3.0, 0.6, 0.7))]
    heights = [y for _, y in band(lines("Share", DAYS, drawn, "day", "", can=SHARE))]
    assert min(heights) == TOP and max(heights) == HIGH - BOTTOM, "1 and 0 are its ends, not -2 and 3"
    svg = points("Share", [Point("a", "red", 0.5, -2.0, 3.0)], "share", can=SHARE)
    ticks = [float(tick) for tick in re.findall(r'class="tick">([^<]+)', svg)]
    assert min(ticks) == 0 and max(ticks) == 1


def test_days_are_whole() -> None:
    svg = lines("By day", DAYS, [Line("red", (0.1, 0.2, 0.3))], "day", "")
    across = re.findall(rf'y="{HIGH - BOTTOM + 14:.1f}" text-anchor="middle" class="tick">([^<]+)', svg)
    assert across == ["1", "2", "3"]
