"""What the clip of each video shows and says: its own words, its topic, and its hook as the world has it."""

from __future__ import annotations

from math import exp

from foryou.demo.names import Names
from foryou.media.script import Line, Script
from foryou.simulator.chance import Draws
from foryou.simulator.texts import grammar
from foryou.simulator.world import LANGUAGES, World, video_name, wire_video, words

LINES = 8


def script_of(world: World, names: Names, number: int) -> Script:
    """The script of one video."""
    row, wire = world.videos, wire_video(world, number)
    language, topic = LANGUAGES[row["language"][number]], world.topics.names[row["leaf"][number]]
    draws = Draws(int(row["text"][number]) ^ (number + 1))
    said, about = words(world, number), grammar(language)[topic]
    title = said.caption or draws.one(about["thing"]).capitalize()
    return Script(
        video=video_name(number),
        topic=topic,
        language=language,
        author=names.account[str(wire["author"])],
        seconds=float(row["duration"][number].round(1)),
        hook=round(1 / (1 + exp(-1.5 * float(row["hook"][number]))), 3),
        title=title,
        lines=_lines(language, topic, draws),
        seed=number,
        tune=int(row["sound"][number]),
    )


def _lines(language: str, topic: str, draws: Draws) -> tuple[Line, ...]:
    """Things of the topic in big words, and sentences about them."""
    about, says = grammar(language)[topic], grammar(language)["says"]
    small = draws.some(says["small"], LINES)
    lines = []
    for place, pattern in enumerate(draws.some(says["more"], len(says["more"]))):
        filled = {name: draws.one(about[name]) for name in ("doing", "thing", "gear")}
        used = next((name for name in filled if f"{{{name}}}" in pattern), "thing")
        sentence = pattern.format(**filled)
        lines.append(Line(filled[used], sentence[0].upper() + sentence[1:]))
        if place % 2 and small:
            text = small.pop()
            lines.append(Line(text.rstrip("."), text))
    return tuple(lines[:LINES])
