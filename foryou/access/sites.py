"""The site for which a passkey is: the name of the host that a page was asked at."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from foryou.core.errors import InvalidEvent


@dataclass(frozen=True, slots=True)
class Site:
    """`host` is the relying party of its passkeys; `origins` are those of its pages."""

    host: str
    origins: tuple[str, ...]


def site_of(asked: str) -> Site:
    """The site of a `Host` header. InvalidEvent for an address in numbers, to which browsers bind no passkey.

    Only a secure origin is one: https, or this machine itself.

    >>> site_of("foryou.example"), site_of("localhost:8080").origins
    (Site(host='foryou.example', origins=('https://foryou.example',)), ('https://localhost:8080', 'http://localhost:8080'))
    """
    asked = asked.lower()
    host = asked.partition(":")[0]
    if not host or asked.startswith("[") or _is_address(host):
        raise InvalidEvent("host", f"{asked[:100]!r} has no name", "a name such as localhost: passkeys are bound to it")
    here = host == "localhost" or host.endswith(".localhost")
    return Site(host, (f"https://{asked}", *((f"http://{asked}",) if here else ())))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
