"""Buckets: a minute's tokens at once, then as fast as they come; never more of them than fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foryou.access.limits import Buckets, is_local, network_of


class Seconds:
    """A clock in seconds that moves when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_tokens_go_at_once_and_then_come_back_evenly() -> None:
    clock = Seconds()
    buckets = Buckets(clock=clock)
    assert [buckets.take("a", 60) for _ in range(60)] == [0.0] * 60
    assert buckets.take("a", 60) == pytest.approx(1.0)
    assert buckets.take("b", 60) == 0.0
    clock.now += 1.0
    assert buckets.take("a", 60) == 0.0
    assert buckets.take("a", 60) == pytest.approx(1.0)
    clock.now += 3600.0
    assert [buckets.take("a", 60) > 0 for _ in range(61)] == [False] * 60 + [True]


def test_no_limit_keeps_nothing() -> None:
    buckets = Buckets()
    assert {buckets.take("a", 0) for _ in range(1000)} == {0.0}
    assert len(buckets) == 0


def test_each_process_has_its_share() -> None:
    quarter = Buckets(share=0.25, clock=Seconds())
    assert sum(quarter.take("a", 60) == 0 for _ in range(60)) == 15


def test_buckets_are_bounded_and_the_one_used_last_stays() -> None:
    buckets = Buckets(most=10, clock=Seconds())
    for n in range(1000):
        buckets.take("busy", 10)
        buckets.take(f"once {n}", 10)
    assert len(buckets) == 10
    assert buckets.take("busy", 10) > 0


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 100))
def test_never_more_than_the_bucket_and_what_came_since(pauses: list[float], per_minute: int) -> None:
    clock = Seconds()
    buckets = Buckets(clock=clock)
    passed = 0
    for pause in pauses:
        clock.now += pause
        passed += buckets.take("a", per_minute) == 0.0
    assert passed <= per_minute + sum(pauses) * per_minute / 60 + 1e-6


@given(st.integers(1, 100), st.integers(0, 300))
def test_after_the_time_that_it_says_there_is_a_token(per_minute: int, before: int) -> None:
    clock = Seconds()
    buckets = Buckets(clock=clock)
    for _ in range(before):
        buckets.take("a", per_minute)
    clock.now += buckets.take("a", per_minute)
    clock.now += 1e-6
    assert buckets.take("a", per_minute) <= 60 / per_minute


def test_an_address_of_ipv6_stands_for_its_network() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert [network_of(here) for here in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "", "localhost")] == [
        ""
    ] * 6


def test_what_only_looks_like_this_machine_is_not() -> None:
    for host in ("127.0.0.1.evil.example", "localhost.evil.example", "evil.example:80", "0.0.0.0", "[2001:db8::1]:80",
                 "127.0.0.1@evil.example", "[::1", "10.0.0.1"):  # fmt: skip
        assert not is_local(host), host
    for host in ("127.0.0.1", "127.0.0.1:8080", "LOCALHOST:1", "[::1]:8080", "::1"):
        assert is_local(host), host
