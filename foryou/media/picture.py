"""The pictures of a clip: a scene for each line, with the topic's shapes in its own motion, words, and hard cuts.

A strong hook has fast motion, cuts on the beat and big words one after another; a weak one is slow, small and still.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from foryou.media.glyphs import glyph
from foryou.media.looks import Colour, inked, look_of
from foryou.media.motion import MOTIONS
from foryou.media.script import Scene, Script
from foryou.media.words import INK, PAPER, drawable, written

WIDTH, HEIGHT, RATE = 360, 640, 24
"""Pixels, and frames a second."""
STRONG, WEAK = 0.62, 0.36
"""From which a hook is strong, and below which it is weak."""
TURN = 15
"""Shapes are turned in steps of so many degrees, so that few have to be drawn."""
_FREE, _MIDDLE = WIDTH - 84, 0.42
"""How wide words are, and where their middle is: an app has its buttons beside them at the right, and below the middle
of the picture what it says of the video."""
_ROOM = 80
"""By how many pixels the background is larger than the picture: it moves."""


def frames(script: Script) -> Iterator[Image.Image]:
    """Every frame, in the colours of `inked`."""
    painter = Painter(script)
    for number in range(round(script.seconds * RATE)):
        yield painter.at(number / RATE)


def poster(script: Script) -> Image.Image:
    """A still picture with the whole title, RGB."""
    painter = Painter(script)
    image = painter.scenery(min(1.0, script.seconds / 4), 0, 1.0)
    _put(image, written(script.title or script.topic, WIDTH - 48, 44), 0.5, 0.36)
    _put(image, written(f"@{script.author}", WIDTH - 120, 20), 0.5, 0.9)
    luma, blue, red = (np.asarray(image, np.float32) - (16, 128, 128)).transpose(2, 0, 1)
    found = luma * 1.164 + np.stack([1.596 * red, -0.392 * blue - 0.813 * red, 2.017 * blue])
    return Image.fromarray(found.clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


@dataclass
class Painter:
    """Paints the frames of one script."""

    script: Script
    shapes: list[tuple[float, int]] = field(init=False)
    """The number of each shape from 0 to 1, and its size in pixels, the small ones first: they are further away."""

    def __post_init__(self) -> None:
        self.look = look_of(self.script.topic)
        self.colours = [inked(colour) for colour in self.look.colours]
        rng = np.random.default_rng((self.script.seed, 3))
        count = int(rng.integers(3, 6))
        sizes = np.sort(rng.choice((56, 72, 96, 120, 150), count, replace=False))
        self.shapes = list(zip(((np.arange(count) + rng.random()) / count % 1).tolist(), sizes.tolist(), strict=True))
        self.flip = int(rng.integers(2))
        self.turns = self.look.tempo / 120  # a second
        self.scenes = self.script.scenes

    def at(self, t: float) -> Image.Image:
        """The frame at a time, seconds."""
        number = next((n for n, scene in enumerate(self.scenes) if t < scene.end), len(self.scenes) - 1)
        scene = self.scenes[number]
        if number == 0:
            return self._opening(t, scene)
        image = self.scenery(t, number, 1.0)
        into = t - scene.start
        if scene.line < 0:
            _put(image, written(f"@{self.script.author}", WIDTH - 60, 34), 0.5, 0.46)
            _put(image, written(f"#{self.script.topic}", WIDTH - 60, 22, self._bright), 0.5, 0.56)
            return image
        slide = max(0.0, 1 - into / 0.25) ** 2
        high = (0.22, 0.42, 0.3, 0.48)[(number + self.flip) % 4]
        _put(image, written(self.script.lines[scene.line].shown, _FREE, 36), _MIDDLE + 0.9 * slide, high)
        return image

    def scenery(self, t: float, number: int, pace: float) -> Image.Image:
        """Background and shapes of a scene."""
        first, second, ink, other = self.colours
        if (number + self.flip) % 2:
            first, second = second, first
        beat = t * self.turns * pace
        background = _background(first, second, (number + self.flip) % 3)
        swing = beat if pace > 1 else 2.4 * number  # it stands still, and costs few bytes, but in a strong opening
        x = round(_ROOM * (0.5 + 0.5 * np.sin(0.9 * swing)))
        y = round(_ROOM * (0.5 + 0.5 * np.cos(0.7 * swing)))
        image = background.crop((x, y, x + WIDTH, y + HEIGHT))
        move = MOTIONS[self.look.motion]
        closer = 1 + number % 3 * 0.2
        for place, size in self.shapes:
            across, down, angle = move(beat + 1.7 * number, place)
            _put(image, _turned(self.script.topic, round(size * closer), ink, other, round(angle / TURN) % 24),
                 across, down)  # fmt: skip
        return image

    def _opening(self, t: float, scene: Scene) -> Image.Image:
        hook, title = self.script.hook, drawable(self.script.title) or self.script.topic
        if hook < WEAK:
            image = self.scenery(0.15 * t, 0, 1.0)
            _put(image, written(title, WIDTH - 120, 22), _MIDDLE, 0.54)
            return image
        if hook < STRONG:
            image = self.scenery(t, 0, 1.0)
            _put(image, written(title, _FREE, 40), _MIDDLE, 0.3)
            return image
        words = _few(title.split(), 6)
        each = scene.end / len(words)
        number = min(int(t / each), len(words) - 1)
        into = t / each - number
        image = self.scenery(t, number, 2.2)
        shake = round(6 * max(0.0, 1 - 4 * into) * (-1) ** int(t * RATE))
        size = 84 if into > 0.12 else 96
        ink, edge = ((PAPER, INK), (INK, self._bright))[number % 2]
        _put(image, written(words[number], _FREE, size, ink, edge), _MIDDLE + shake / WIDTH, 0.4)
        return image

    @property
    def _bright(self) -> Colour:
        """The brightest of the look's colours."""
        return max(self.colours)


def _few(words: list[str], most: int) -> list[str]:
    """The words in at most so many parts, in order."""
    each = -(-len(words) // most)
    return [" ".join(words[at : at + each]) for at in range(0, len(words), each)]


def _put(image: Image.Image, what: Image.Image, across: float, down: float) -> None:
    """Put a picture onto another, its middle at these shares of width and height."""
    corner = round(across * WIDTH - what.width / 2), round(down * HEIGHT - what.height / 2)
    if -what.width < corner[0] < WIDTH and -what.height < corner[1] < HEIGHT:
        image.paste(what, corner, what)


@lru_cache(maxsize=256)
def _turned(topic: str, size: int, first: Colour, second: Colour, step: int) -> Image.Image:
    upright = glyph(topic, size, first, second)
    if step == 0:
        return upright
    return upright.rotate(-step * TURN, Image.Resampling.BILINEAR, expand=True)


@lru_cache(maxsize=12)
def _background(first: Colour, second: Colour, pattern: int) -> Image.Image:
    """A slope of two colours with stripes, dots or rings on it, a little darker."""
    width, height = WIDTH + _ROOM, HEIGHT + _ROOM
    share = np.linspace(0, 1, height)[:, None, None]
    slope = np.asarray(first) * (1 - share) + np.asarray(second) * share
    image = Image.fromarray(np.broadcast_to(slope, (height, width, 3)).astype(np.uint8))
    draw = ImageDraw.Draw(image, "RGBA")
    shade = (*inked((0, 0, 0)), 26)
    if pattern == 0:
        for at in range(-height, width, 90):
            draw.polygon((at, height, at + 40, height, at + 40 + height // 2, 0, at + height // 2, 0), fill=shade)
    elif pattern == 1:
        for y in range(0, height, 64):
            for x in range(32 * (y // 64 % 2), width, 64):
                draw.ellipse((x, y, x + 18, y + 18), fill=shade)
    else:
        for radius in range(60, 520, 90):
            draw.ellipse((width // 2 - radius, height // 2 - radius, width // 2 + radius, height // 2 + radius),
                         outline=shade, width=26)  # fmt: skip
    return image
