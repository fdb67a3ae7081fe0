"""Words on the screen: wrapped, with an outline, drawn once and put onto many frames."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from foryou.media.looks import Colour, inked

PAPER: Colour = inked((255, 255, 255))
INK: Colour = inked((16, 16, 22))


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans Bold, which comes with Matplotlib: the font inside Pillow has no æ, ø and å."""
    found = find_spec("matplotlib")
    assert found is not None and found.origin is not None
    path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"
    return ImageFont.truetype(path, size)


def drawable(text: str) -> str:
    """The text without what the font cannot draw, such as emoji."""
    return " ".join("".join(each for each in text if ord(each) < 0x2100).split())


def fitting(text: str, width: int, largest: int, smallest: int = 18, rows: int = 6) -> tuple[str, int]:
    """The text in rows no wider than `width` px, and the largest size at which these are at most `rows`."""
    for size in range(largest, smallest, -3):
        wrapped = _wrapped(text, width, size)
        if wrapped is not None and len(wrapped) <= rows:
            return "\n".join(wrapped), size
    return "\n".join((_wrapped(text, width, smallest) or [text])[:rows]), smallest


def _wrapped(text: str, width: int, size: int) -> list[str] | None:
    """None if a word is too long."""
    rows: list[str] = []
    for word in text.split():
        if font(size).getlength(word) > width:
            return None
        longer = f"{rows[-1]} {word}" if rows else word
        if rows and font(size).getlength(longer) <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


@lru_cache(maxsize=128)
def written(text: str, width: int, largest: int, ink: Colour = PAPER, edge: Colour = INK) -> Image.Image:
    """A text as a picture with alpha, its rows in the middle."""
    wrapped, size = fitting(drawable(text), width, largest)
    border = max(2, size // 10)
    measure = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = measure.multiline_textbbox(
        (0, 0), wrapped, font(size), align="center", stroke_width=border, spacing=size // 5
    )
    image = Image.new("RGBA", (int(right - left) + 2, int(bottom - top) + 2), (*edge, 0))
    ImageDraw.Draw(image).multiline_text(
        (-left, -top), wrapped, (*ink, 255), font(size), align="center", stroke_width=border,
        stroke_fill=(*edge, 255), spacing=size // 5,
    )  # fmt: skip
    return image
