"""The shapes of each topic: a few circles, boxes, polygons and lines, from `glyphs.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import TypeAlias
from zlib import crc32

from PIL import Image, ImageDraw

from foryou.media.looks import Colour, inked

Shape: TypeAlias = tuple[str, tuple[float, ...], int]
"""What it is, its numbers as shares of the square, and its ink."""
DARK: Colour = inked((20, 20, 26))
FINE = 4
"""Drawn so many times larger, then made smaller: smooth edges."""


@cache
def glyphs() -> Mapping[str, Sequence[Shape]]:
    """The shapes by topic."""
    text = (files("foryou.media") / "glyphs.toml").read_text("utf-8")
    drawn = {topic: rows.strip().splitlines() for topic, rows in tomllib.loads(text).items()}
    return {topic: [_read(row.split()) for row in rows] for topic, rows in drawn.items()}


def _read(row: list[str]) -> Shape:
    kind, *numbers, ink = row
    return kind, tuple(map(float, numbers)), int(ink)


@lru_cache(maxsize=512)
def glyph(topic: str, size: int, first: Colour, second: Colour) -> Image.Image:
    """The shapes of a topic in these colours, with alpha, smooth; a topic that is not known has those of some other."""
    known = glyphs()
    shapes = known.get(topic) or list(known.values())[crc32(topic.encode()) % len(known)]
    whole = size * FINE
    image = Image.new("RGBA", (whole, whole), (*first, 0))
    draw = ImageDraw.Draw(image)
    inks = ((*first, 255), (*second, 255), (*DARK, 255), (*first, 0))
    for kind, numbers, ink in shapes:
        _shape(draw, kind, [number * whole for number in numbers], inks[ink])
    return image.resize((size, size), Image.Resampling.BOX)


def _shape(draw: ImageDraw.ImageDraw, kind: str, at: list[float], ink: tuple[int, int, int, int]) -> None:
    if kind in "or":
        x, y, r = at[:3]
        box = (x - r, y - r, x + r, y + r)
        if kind == "o":
            draw.ellipse(box, fill=ink)
        else:
            draw.ellipse(box, outline=ink, width=round(at[3]))
    elif kind == "b":
        draw.rectangle((at[0], at[1], at[2], at[3]), fill=ink)
    elif kind == "p":
        draw.polygon(at, fill=ink)
    else:
        draw.line(at[1:], fill=ink, width=round(at[0]), joint="curve")
