"""The sound of a clip: a tune and a beat in the manner of its topic, made from sines and noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from foryou.media.looks import Look, look_of
from foryou.media.script import Script

RATE = 32_000
"""Samples a second, of one channel."""
BARS = 4
"""The tune starts again after so many bars of four beats."""

Wave: TypeAlias = NDArray[np.float32]

BEATS: Mapping[str, tuple[str, str, str]] = {
    "four": ("x...x...x...x...", "....x.......x...", "..x...x...x...x."),
    "rock": ("x.....x.x.x.....", "....x.......x...", "x.x.x.x.x.x.x.x."),
    "soft": ("x.......x.......", "", "....x.......x..."),
    "march": ("x.......x.......", "....x..x....x.xx", ""),
    "shuffle": ("x.....x..x......", "....x.......x..x", "x..xx..xx..xx..x"),
    "train": ("x...x...x...x...", "", "xxx.xxx.xxx.xxx."),
    "gallop": ("x.xxx.xxx.xxx.xx", "....x.......x...", ""),
    "none": ("", "", ""),
}
"""Sixteenths of a bar on which the low drum, the high drum and the cymbal sound."""


def sound(script: Script) -> Wave:
    """The whole sound, -1 to 1. A strong hook begins with the full beat, a weak one waits with it until it is over."""
    look, rng = look_of(script.topic), np.random.default_rng((script.tune, 7))
    length = int(script.seconds * RATE)
    tune, drums = _tune(look, rng), _drums(look, np.random.default_rng(11))
    both = np.empty(length, np.float32)
    repeat = -(-length // len(tune))
    both[:] = 0.5 * np.tile(tune, repeat)[:length]
    beat = np.tile(drums, -(-length // len(drums)))[:length]
    opening = int(script.scenes[0].end * RATE)
    beat[:opening] *= max(0.0, 2 * script.hook - 0.6)
    both[:opening] *= 0.5 + 0.5 * script.hook
    both += beat
    fade = min(RATE // 4, length)
    both[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return np.asarray(both / max(1.0, float(np.abs(both).max()) / 0.9), np.float32)


def _tune(look: Look, rng: np.random.Generator) -> Wave:
    """A melody over a slow bass, `BARS` bars of it, that ends where it can begin again."""
    sixteenth = int(RATE * 15 / look.tempo)
    out = np.zeros(BARS * 16 * sixteenth + 2 * RATE, np.float32)
    voice, place = VOICES[look.voice], 2
    motif = rng.random(16) < (0.6 if look.beat != "none" else 0.35)
    for bar in range(BARS):
        chord = (0, 3, 1, 2)[bar] if bar else 0
        _add(out, bar * 16 * sixteenth, 0.5 * _bass(_pitch(look, chord, -1), 14 * sixteenth))
        for at in range(0, 16, 2):
            if not motif[at if bar != BARS - 1 else at + 1]:
                continue
            place = int(np.clip(place + rng.integers(-2, 3), 0, 8))
            held = int(rng.choice((2, 2, 4))) * sixteenth
            _add(out, (bar * 16 + at) * sixteenth, 0.4 * voice(_pitch(look, chord + place, 1), held))
    whole = BARS * 16 * sixteenth
    out[: 2 * RATE] += out[whole:]  # what still sounds at the end sounds at the next beginning
    return out[:whole]


def _pitch(look: Look, place: int, octave: int) -> float:
    """A step of the scale in Hz."""
    above, step = divmod(place, len(look.scale))
    half_tones = look.root + look.scale[step] + 12 * (octave + above)
    return float(110.0 * 2 ** (half_tones / 12))


def _add(out: Wave, at: int, wave: Wave) -> None:
    end = min(at + len(wave), len(out))
    out[at:end] += wave[: end - at]


def _time(samples: int) -> Wave:
    return np.arange(samples, dtype=np.float32) / np.float32(RATE)


def _shaped(wave: Wave, attack_s: float = 0.01) -> Wave:
    """Without clicks at its ends."""
    n, edge = len(wave), max(1, min(int(attack_s * RATE), len(wave) // 2))
    wave[:edge] *= np.linspace(0, 1, edge, dtype=np.float32)
    wave[n - edge :] *= np.linspace(1, 0, edge, dtype=np.float32)
    return wave


def _sines(hz: float, samples: int, *partials: tuple[float, float]) -> Wave:
    """Sines at multiples of a pitch, each with its strength."""
    t = np.float32(2 * np.pi * hz) * _time(samples)
    wave = np.zeros(samples, np.float32)
    for multiple, strength in partials:
        wave += np.float32(strength) * np.sin(np.float32(multiple) * t)
    return wave


def _bass(hz: float, samples: int) -> Wave:
    return _shaped(_sines(hz, samples, (1, 0.8), (2, 0.3)) * np.exp(-1.2 * _time(samples)), 0.02)


def _pluck(hz: float, samples: int) -> Wave:
    wave = _sines(hz, samples + RATE // 3, (1, 0.6), (2, 0.3), (3, 0.18), (4, 0.08))
    return _shaped(wave * np.exp(-5 * _time(len(wave))), 0.004)


def _bell(hz: float, samples: int) -> Wave:
    wave = _sines(hz, samples + RATE // 2, (1, 0.5), (2.76, 0.25), (5.4, 0.12))
    return _shaped(wave * np.exp(-4 * _time(len(wave))), 0.003)


def _piano(hz: float, samples: int) -> Wave:
    wave = _sines(hz, samples + RATE // 2, (1, 0.6), (2, 0.22), (3, 0.1), (1.004, 0.3))
    return _shaped(wave * np.exp(-3 * _time(len(wave))), 0.006)


def _organ(hz: float, samples: int) -> Wave:
    return _shaped(_sines(hz, samples, (1, 0.4), (2, 0.3), (3, 0.15), (4, 0.15)), 0.02)


def _flute(hz: float, samples: int) -> Wave:
    t = _time(samples)
    wave = np.sin(2 * np.pi * hz * t + 0.6 * np.sin(2 * np.pi * 5 * t)) + 0.15 * np.sin(4 * np.pi * hz * t)
    return _shaped(0.6 * wave.astype(np.float32), 0.06)


def _choir(hz: float, samples: int) -> Wave:
    return _shaped(_sines(hz, samples + RATE // 4, (1, 0.3), (1.006, 0.3), (0.995, 0.3), (2.003, 0.15)), 0.12)


def _square(hz: float, samples: int) -> Wave:
    return _shaped(_sines(hz, samples, *((k, 0.5 / k) for k in (1, 3, 5, 7))), 0.004)


def _saw(hz: float, samples: int) -> Wave:
    wave = _sines(hz, samples, *((k, 0.4 / k) for k in range(1, 8)))
    return _shaped(wave * np.exp(-2 * _time(samples)), 0.005)


def _brass(hz: float, samples: int) -> Wave:
    return _shaped(_sines(hz, samples, (1, 0.4), (2, 0.35), (3, 0.25), (4, 0.12), (5, 0.06)), 0.04)


VOICES: Mapping[str, Callable[[float, int], Wave]] = {
    "pluck": _pluck, "bell": _bell, "piano": _piano, "organ": _organ, "flute": _flute, "choir": _choir,
    "square": _square, "saw": _saw, "brass": _brass,
}  # fmt: skip


def _drums(look: Look, rng: np.random.Generator) -> Wave:
    """One bar of the beat."""
    sixteenth = int(RATE * 15 / look.tempo)
    out = np.zeros(16 * sixteenth + RATE, np.float32)
    t = _time(RATE // 4)
    noise = rng.standard_normal(len(t)).astype(np.float32)
    low = 0.8 * np.sin(2 * np.pi * (50 * t + 6 * (1 - np.exp(-18 * t)))) * np.exp(-14 * t)
    high = 0.3 * (noise + np.sin(2 * np.pi * 190 * t)) * np.exp(-22 * t)
    cymbal = 0.12 * np.diff(noise, prepend=np.float32(0)) * np.exp(-50 * t)
    for pattern, drum in zip(BEATS[look.beat], (low, high, cymbal), strict=True):
        for at, mark in enumerate(pattern):
            if mark == "x":
                _add(out, at * sixteenth, np.asarray(drum, np.float32))
    out[:RATE] += np.pad(out[16 * sixteenth :], (0, 0))[:RATE]
    return out[: 16 * sixteenth]
