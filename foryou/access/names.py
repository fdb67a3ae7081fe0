"""Names that people choose: what is shown of them can be read."""

from __future__ import annotations

import unicodedata

from foryou.core.errors import InvalidEvent

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def readable(name: str, least: int, most: int) -> str:
    """A name as it is shown. InvalidEvent if it is too short or too long, or has characters that nobody sees.

    >>> readable(" Ada ", 2, 40)
    'Ada'
    """
    shown, right = (
        unicodedata.normalize("NFC", name).strip(),
        f"a name of {least} to {most} characters that can be seen",
    )
    if not least <= len(shown) <= most:
        raise InvalidEvent("name", f"has {len(shown)} characters", right)
    if any(unicodedata.category(letter) in _UNSEEN for letter in shown):
        raise InvalidEvent("name", "has characters that cannot be seen", right)
    return shown
