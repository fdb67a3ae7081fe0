"""A handful of tiny clips that really play, rendered in a moment: enough to test a player with."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FPS = 25
RATE = 44_100
CLIPS = {"c0": 3.0, "c1": 4.0, "c2": 5.0, "c3": 6.0, "wide": 4.0}
"""Names and seconds; `wide` lies on its side."""
BROKEN = "broken"
"""A file that is no video."""


def render(into: Path) -> None:
    """Clips with sound, posters and captions, and one file that only says it is a clip."""
    av = pytest.importorskip("av", reason="clips are rendered with PyAV: pip install av")
    into.mkdir(parents=True, exist_ok=True)
    for number, (name, seconds) in enumerate(CLIPS.items()):
        _clip(av, into / f"{name}.mp4", seconds, number, (320, 180) if name == "wide" else (180, 320))
        _poster(av, into / f"{name}.jpg", number, (320, 180) if name == "wide" else (180, 320))
        (into / f"{name}.vtt").write_text(
            "WEBVTT\n\n00:00.000 --> 00:02.000\n<b>First</b> words of <i>" + name + "</i> &lt;img src=x&gt;\n\n"
            "00:02.000 --> 00:10.000\nÆ ø å, and the end\n",
            "utf-8",
        )
    (into / f"{BROKEN}.mp4").write_bytes(b"no video at all")


def _picture(number: int, at: float, size: tuple[int, int]) -> np.ndarray:
    """A disc that goes round on a ground of its own colour. [height, width, 3]"""
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    turn = 2 * np.pi * at / 2
    round_ = (x - width * (0.5 + 0.3 * np.cos(turn))) ** 2 + (y - height * (0.5 + 0.3 * np.sin(turn))) ** 2 < 30**2
    ground = np.array([(60, 20, 90), (10, 80, 90), (110, 60, 10), (20, 90, 30), (90, 20, 40)][number % 5])
    picture = np.broadcast_to(ground, (height, width, 3)).astype(np.uint8).copy()
    picture[round_] = (255, 230, 160)
    return picture


def _clip(av: Any, path: Path, seconds: float, number: int, size: tuple[int, int]) -> None:
    with av.open(str(path), "w", options={"movflags": "faststart"}) as file:
        video = file.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": str(FPS)})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        sound = file.add_stream("aac", rate=RATE, layout="mono")
        for frame_number in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(_picture(number, frame_number / FPS, size), format="rgb24")
            file.mux(video.encode(frame))
        file.mux(video.encode())
        tone = np.sin(2 * np.pi * (220 + 60 * number) * np.arange(round(seconds * RATE)) / RATE).astype(np.float32) / 8
        for start in range(0, len(tone), 1024):
            heard = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="flt", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = RATE, start, Fraction(1, RATE)
            file.mux(sound.encode(heard))
        file.mux(sound.encode())


def _poster(av: Any, path: Path, number: int, size: tuple[int, int]) -> None:
    with av.open(str(path), "w", format="image2") as file:
        picture = file.add_stream("mjpeg", rate=1)
        picture.width, picture.height, picture.pix_fmt = *size, "yuvj420p"
        file.mux(picture.encode(av.VideoFrame.from_ndarray(_picture(number, 0, size), format="rgb24")))
        file.mux(picture.encode())
