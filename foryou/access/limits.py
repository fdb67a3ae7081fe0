"""Token buckets, one for each key, viewer and network address; at most so many of them, in this process only."""

from __future__ import annotations

import ipaddress
import threading
import time  # only to measure how fast requests come
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

MOST = 100_000
"""Buckets that are remembered (about 15 MB). The one that was used longest ago goes first, and would then be full."""


class Buckets:
    """A bucket of one minute's tokens for each name, which fills evenly.

    Only the time at which a bucket will be full again is kept (the generic cell rate algorithm of ATM traffic
    management, ITU-T I.371, which is a token bucket in one number).
    """

    def __init__(self, share: float = 1.0, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        """`share` is this process's part of each limit; `clock` is in seconds."""
        self._share, self._most, self._clock = share, most, clock
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str, per_minute: int) -> float:
        """Take a token: 0 if there was one (or `per_minute` is 0), else the seconds until there is."""
        if per_minute == 0:
            return 0.0
        each = 60.0 / (per_minute * self._share)
        deepest = max(60.0, each)
        with self._lock:
            now = self._clock()
            full = max(self._full_at.get(name, now), now) + each
            if full - now > deepest + 1e-9:
                return full - now - deepest
            self._full_at[name] = full
            self._full_at.move_to_end(name)
            if len(self._full_at) > self._most:
                self._full_at.popitem(last=False)
        return 0.0

    def __len__(self) -> int:
        return len(self._full_at)


@lru_cache(maxsize=16_384)
def network_of(address: str) -> str:
    """The network that has one bucket: an IPv4 address, or the /64 of an IPv6 one; none for this machine itself.

    >>> network_of("192.0.2.7"), network_of("2001:db8::1"), network_of("127.0.0.1")
    ('192.0.2.7', '2001:db8::/64', '')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a name, as of a socket in the file system
        return "" if address in ("", "localhost") else address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def is_local(host: str) -> bool:
    """Whether an address, or the host of a URL with or without its port, is this machine itself.

    >>> is_local("localhost:8080"), is_local("[::1]:80"), is_local("0.0.0.0"), is_local("evil.example")
    (True, True, False, False)
    """
    bare = host[1 : host.index("]")] if host.startswith("[") and "]" in host else host
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    return bare.lower() in ("", "localhost") or (_is_address(bare) and network_of(bare) == "")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
