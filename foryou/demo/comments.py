"""What people of the demo write under videos: short, in their language, now and then about the topic."""

from __future__ import annotations

from zlib import crc32

from foryou.demo.says import phrases
from foryou.simulator.chance import Draws
from foryou.simulator.texts import grammar


def comment(event: str, language: str, topic: str, seconds: float) -> str:
    """A comment; the same for the same event. `topic` is that of the video, `seconds` its length."""
    draws, says = Draws(crc32(event.encode())), phrases(language)
    about = grammar(language)[topic]
    patterns = says["about"] if draws.happens(0.5) else says["any"]
    filled = draws.one(patterns).format(
        thing=draws.one(about["thing"]), gear=draws.one(about["gear"]), doing=draws.one(about["doing"]),
        second=1 + draws.below(max(1, int(seconds) - 1)),
    )  # fmt: skip
    text = filled[0].upper() + filled[1:]
    return f"{text} {draws.one(says['end'])}".strip() if draws.happens(0.35) else text
