"""From tables to inputs: when and how often somebody uses the app, in their own time zone, reaches the model."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.clock import HOUR, MINUTE
from foryou.core.errors import InvalidEvent
from foryou.core.event import Kind
from foryou.core.ports import Pairs
from foryou.features.hydrate import viewer_columns
from foryou.feed.serve import offset_of
from foryou.models.ranker import Ranker
from tests.models.worlds import blank
from tests.streams import START, VIDEOS, Row, catalogue, log, store_of

TIMES = [
    datetime(2026, 1, 15, 6, 30, tzinfo=UTC),  # winter time in Oslo and New York
    datetime(2026, 7, 19, 22, 10, tzinfo=UTC),  # summer time; already Monday in Oslo
    datetime(2026, 3, 29, 0, 59, tzinfo=UTC),  # the last minute of winter time in Oslo
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # the first of summer time
    datetime(2026, 10, 25, 0, 59, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
]


def asked(at: int, zone: str = "", viewer: int = 10, *rows: Row) -> Batch:
    """The viewer's columns for a request at a time from a zone."""
    context = {"offset": np.array([offset_of(zone, at)])}
    return viewer_columns(store_of(catalogue(), log(*rows)), np.array([viewer]), np.array([at]), context)


@pytest.mark.mission("NO-25")
@pytest.mark.parametrize("zone", ["Europe/Oslo", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC"])
@pytest.mark.parametrize("when", TIMES, ids=lambda when: f"{when:%m-%dT%H:%M}")
def test_the_hour_and_the_weekday_are_those_on_the_viewers_own_clock(zone: str, when: datetime) -> None:
    columns = asked(int(when.timestamp() * 1000), zone)
    there = when.astimezone(ZoneInfo(zone))
    assert columns["hour"].tolist() == [there.hour + 1]
    assert columns["weekday"].tolist() == [there.isoweekday()]


@pytest.mark.mission("NO-25")
def test_the_zone_of_the_profile_serves_where_the_request_names_none() -> None:
    at = int(TIMES[0].timestamp() * 1000)
    profile: Row = {"kind": Kind.VIEWER, "viewer": 10, "offset": 1440 - 300, "at": 0}
    assert asked(at, "", 10, profile)["hour"].tolist() == [6 - 5 + 1]
    assert asked(at, "Europe/Oslo", 10, profile)["hour"].tolist() == [7 + 1]
    assert asked(at)["hour"].tolist() == [6 + 1]


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="time_zone: 'Mars/Base' is no time zone"):
        offset_of("Mars/Base", START)


@pytest.mark.mission("NO-25")
def test_depth_gap_and_number_of_sessions_follow_the_visits() -> None:
    rows: list[Row] = [{"kind": Kind.IMPRESSION, "viewer": 10, "video": VIDEOS[n], "at": n} for n in range(3)]
    now = asked(START + 5 * MINUTE, "", 10, *rows)
    later = asked(START + 5 * HOUR + 2 * MINUTE, "", 10, *rows)
    assert now["depth"] == pytest.approx(np.log1p([3]))
    assert now["gap"].tolist() == [0]
    assert now["sessions"] == pytest.approx(np.log1p([1]))
    assert later["depth"].tolist() == [0]
    assert later["gap"] == pytest.approx(np.log1p([5]))
    assert asked(START, "", 12)["sessions"].tolist() == [0]


@pytest.mark.mission("NO-25")
@pytest.mark.parametrize("name", ["hour", "weekday", "depth", "gap"])
def test_when_and_how_deep_reaches_the_model(name: str) -> None:
    """What was liked at one hour (or weekday, depth, gap) and not at the other is expected at that one."""
    rng = np.random.default_rng(1)
    low, high = (1, 6) if name in ("hour", "weekday") else (0.0, 2.0)
    ranker = Ranker(seed=1)

    def rows(values: np.ndarray) -> Pairs:
        viewers = blank("viewer", len(values))
        viewers[name] = values.astype(viewers[name].dtype)
        return Pairs(Batch(viewers), Batch({**blank("item", len(values)), "item": np.full(len(values), 7)}),
                     np.arange(len(values)))  # fmt: skip

    for _ in range(30):
        evening = rng.random(256) < 0.5
        liked = (rng.random(256) < np.where(evening, 0.8, 0.1)).astype(np.float32)
        ranker.learn(rows(np.where(evening, high, low)), Batch({"long_view": liked}))
    morning, night = ranker.predict(rows(np.array([low, high])))["long_view"]
    assert night > morning + 0.3
