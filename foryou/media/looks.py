"""How each topic looks, moves and sounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from zlib import crc32

Colour: TypeAlias = tuple[int, int, int]
Scale: TypeAlias = tuple[int, ...]

MAJOR, MINOR, DORIAN = (0, 2, 4, 7, 9), (0, 3, 5, 7, 10), (0, 2, 3, 7, 9)
BLUES, LYDIAN, WHOLE = (0, 3, 5, 6, 10), (0, 4, 6, 7, 11), (0, 2, 4, 6, 8)


@dataclass(frozen=True, slots=True)
class Look:
    """`colours`: the two of the background, that of the shapes, and one beside it. `motion` is a way to move of
    `motion.py`, `voice` and `beat` are of `sound.py`."""

    colours: tuple[Colour, Colour, Colour, Colour]
    motion: str
    voice: str
    beat: str
    tempo: int
    scale: Scale
    root: int
    """The lowest note of the tune, in half tones from A2 (110 Hz)."""


def _look(colours: str, motion: str, voice: str, beat: str, tempo: int, scale: Scale, root: int) -> Look:
    first, second, third, fourth = (
        (int(each[:2], 16), int(each[2:4], 16), int(each[4:], 16)) for each in colours.split()
    )
    return Look((first, second, third, fourth), motion, voice, beat, tempo, scale, root)


LOOKS: Mapping[str, Look] = {
    "football": _look("0b5d2a 1f9d4d ffffff 15181c", "bounce", "brass", "march", 126, MAJOR, 5),
    "running": _look("ff5b2e ffb02e fff6e0 2b1a5a", "rush", "saw", "four", 150, MINOR, 0),
    "cycling": _look("1746a2 39b5ff ffe14d 0b1d3a", "roll", "saw", "four", 138, DORIAN, 3),
    "gym": _look("1c1c22 4a1620 ff3b3b d8d8e0", "stamp", "square", "rock", 100, BLUES, -5),
    "skiing": _look("8fd3ff eaf7ff 1d4e89 ff4f6d", "fall", "bell", "four", 128, LYDIAN, 7),
    "hiking": _look("2f6b4f a8d08d f4e9cd 7a4b2a", "drift", "pluck", "soft", 92, MAJOR, 3),
    "fishing": _look("08415c 0f8b8d f2e9dc e08e45", "sway", "flute", "none", 72, DORIAN, 0),
    "camping": _look("12133a 3d2c6b ffb347 ffe9b8", "rise", "pluck", "soft", 84, MAJOR, -2),
    "climbing": _look("8a4b32 d99a6c fff1dd 2d3142", "climb", "pluck", "rock", 110, MINOR, 2),
    "cars": _look("16161d 52060f ff2a2a e6e6ea", "rush", "saw", "four", 132, MINOR, -5),
    "motorcycles": _look("22201c 6b4a1f ffa51f f4f1e8", "rush", "square", "rock", 118, BLUES, -3),
    "trains": _look("2b3a67 6c7fa8 f4d35e ee964b", "march", "organ", "train", 104, MAJOR, 0),
    "sailing": _look("0353a4 61a5c2 ffffff ffba08", "sway", "flute", "soft", 88, LYDIAN, 5),
    "cooking": _look("c1121f fb8b24 fff3d6 3a0d0d", "rise", "organ", "shuffle", 112, DORIAN, 5),
    "baking": _look("f7cad0 fde8c8 8a4b2a d1495b", "bounce", "bell", "shuffle", 104, MAJOR, 7),
    "coffee": _look("3e2723 8d6e63 fff3e0 d7a86e", "rise", "piano", "shuffle", 82, DORIAN, -2),
    "barbecue": _look("2d1510 a63c06 ffd166 ff6b35", "rise", "square", "rock", 96, BLUES, 0),
    "vegan": _look("588157 dad7cd 344e41 f4a259", "drift", "pluck", "shuffle", 100, MAJOR, 2),
    "gardening": _look("6a994e f2e8cf bc4749 386641", "climb", "flute", "soft", 90, MAJOR, 9),
    "interior": _look("e8ddd0 c9ada7 4a4e69 9a8c98", "drift", "piano", "none", 76, LYDIAN, 3),
    "woodwork": _look("7f5539 ddb892 ede0d4 432818", "stamp", "pluck", "march", 98, DORIAN, -4),
    "knitting": _look("b56576 eaac8b fff1e6 355070", "roll", "bell", "none", 80, MAJOR, 5),
    "dogs": _look("ffb703 fb8500 5a3210 fffaf0", "bounce", "piano", "shuffle", 120, MAJOR, 4),
    "cats": _look("5e548e be95c4 ffe5d9 231942", "sway", "bell", "soft", 94, WHOLE, 6),
    "horses": _look("a98467 f0ead2 6c584c adc178", "march", "organ", "gallop", 116, DORIAN, 2),
    "gaming": _look("10002b 5a189a 00f5d4 ff4fd8", "orbit", "square", "four", 140, MINOR, 9),
    "chess": _look("2b2d42 8d99ae edf2f4 ef233c", "march", "piano", "none", 70, MINOR, 0),
    "boardgames": _look("006d77 83c5be ffddd2 e29578", "fall", "bell", "shuffle", 108, MAJOR, 2),
    "guitar": _look("370617 9d0208 ffba08 faa307", "sway", "pluck", "rock", 106, BLUES, 0),
    "singing": _look("ff006e 8338ec ffffff ffbe0b", "orbit", "choir", "soft", 96, MAJOR, 7),
    "dance": _look("3a0ca3 f72585 4cc9f0 ffffff", "orbit", "saw", "four", 124, MINOR, 5),
    "painting": _look("fefae0 faedcd e63946 457b9d", "drift", "piano", "none", 74, WHOLE, 4),
    "books": _look("463f3a 8a817c f4f3ee e0afa0", "fall", "piano", "none", 66, DORIAN, 0),
    "science": _look("03071e 1d3557 48cae4 f1faee", "orbit", "bell", "train", 112, LYDIAN, 0),
    "history": _look("6f4518 c69c6d fff4e0 432818", "drift", "choir", "march", 78, DORIAN, -5),
    "money": _look("081c15 1b4332 ffd700 95d5b2", "fall", "organ", "train", 118, MINOR, 3),
}


def inked(colour: Colour) -> Colour:
    """Red, green and blue as the video has them: luma and two of chroma (BT.601, 16 to 235). Everything is painted in
    these, so that no frame has to be converted: that took a third of the time."""
    red, green, blue = (each / 255 for each in colour)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return round(16 + 219 * luma), round(128 + 126.4 * (blue - luma)), round(128 + 159.8 * (red - luma))


def look_of(topic: str) -> Look:
    """The look of a topic; one that is not known looks like some other."""
    return LOOKS.get(topic) or list(LOOKS.values())[crc32(topic.encode()) % len(LOOKS)]
