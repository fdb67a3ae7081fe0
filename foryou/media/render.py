"""Makes the files of a clip from its script: the clip, its poster and its subtitles."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from PIL import Image

from foryou.media.picture import HEIGHT, RATE, WIDTH, frames, poster
from foryou.media.script import CLIP, POSTER, SUBTITLES, Script
from foryou.media.sound import RATE as SAMPLES
from foryou.media.sound import Wave, sound

_PICTURE = {"preset": "superfast", "crf": "33", "x264-params": "bframes=0:rc-lookahead=0"}
"""Flat shapes on a still background: what a slower preset saves is not worth its time."""


def render(directory: Path, script: Script) -> int:
    """Write the files of a script, each whole or not at all; how many bytes.

    What another version of the same video left there goes: its name has another hash.
    """
    name, size = script.name, 0
    for end in (POSTER, SUBTITLES, CLIP):
        part = directory / f".{name}{end}.{os.getpid()}"
        try:
            if end == POSTER:
                poster(script).save(part, "WEBP", quality=72, method=2)
            elif end == SUBTITLES:
                part.write_text(subtitles(script), "utf-8")
            else:
                _encode(part, script)
            size += part.stat().st_size
            part.replace(directory / f"{name}{end}")
        finally:
            part.unlink(missing_ok=True)
    for old in directory.glob(f"{script.video}-*"):
        if old.stem != name:
            old.unlink(missing_ok=True)
    return size


def subtitles(script: Script) -> str:
    """What is said, as WebVTT."""
    cues = []
    for scene in script.scenes:
        said = script.lines[scene.line].said if scene.line >= 0 else script.title if scene.start == 0 else ""
        if said:
            text = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            cues.append(f"{_time(scene.start)} --> {_time(scene.end)}\n{text}")
    return "\n\n".join(["WEBVTT", *cues]) + "\n"


def _time(seconds: float) -> str:
    ms = round(1000 * seconds)
    return f"{ms // 60_000:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _encode(path: Path, script: Script) -> None:
    """H.264 and AAC, what a player needs to begin at the front, a key frame each second to seek to."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}) as out:
        picture: VideoStream = out.add_stream("libx264", rate=RATE, options=_PICTURE)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        picture.codec_context.gop_size, picture.codec_context.thread_count = RATE, 1
        voice: AudioStream = out.add_stream("aac", rate=SAMPLES, layout="mono", options={"aac_coder": "fast"})
        voice.codec_context.bit_rate = 56_000
        heard = deque(_audio(sound(script)))
        for number, image in enumerate(frames(script)):
            frame = _frame(image)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(picture.encode(frame))
            while heard and heard[0][0] * RATE < (number + 1) * SAMPLES:
                out.mux(voice.encode(heard.popleft()[1]))
        for _, each in heard:
            out.mux(voice.encode(each))
        out.mux(picture.encode(None))
        out.mux(voice.encode(None))


def _frame(image: Image.Image) -> av.VideoFrame:
    """The three planes of a picture that has luma and chroma; chroma at half the size."""
    luma, blue, red = image.split()
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, channel in zip(frame.planes, (luma, blue.reduce(2), red.reduce(2)), strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint8)
        room = rows.reshape(-1, plane.line_size)  # a row may be longer than the picture
        room[: channel.height, : channel.width] = np.asarray(channel)
    return frame


def _audio(wave: Wave, each: int = 1024) -> Iterator[tuple[int, av.AudioFrame]]:
    """Frames of so many samples, each with the number of its first one."""
    for at in range(0, len(wave), each):
        piece = np.ascontiguousarray(wave[None, at : at + each])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLES, at, Fraction(1, SAMPLES)
        yield at, frame
