"""The write-ahead log of an SQLite file after a crash: what in it is whole, torn or damaged.

SQLite reads such a file up to the first frame whose checksum does not match, and forgets the rest without a word. That
is right for a commit that was cut off, which nobody was told of. A byte that flipped in the middle would take all later
commits with it, although each was synced: those frames are sealed again, so that only the one page is damaged, which
the checksums of the batches find.

Format: https://www.sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

_HEAD, _FRAME = 32, 24
_MAGIC = 0x377F0682
"""Plus one where the words of checksums are big-endian."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What was found after a crash: frames that were damaged but are part of commits that were done, and frames of a
    last commit that was cut off (or is damaged: the file cannot tell), which are dropped."""

    damaged: int
    dropped: int
    aside: Path | None = None
    """Where the file lies as it was found."""


@njit(cache=True, nogil=True)
def _checksum(words, first, second):  # type: ignore[no-untyped-def]
    one, two = np.uint32(first), np.uint32(second)
    for i in range(0, len(words), 2):
        one = np.uint32(one + words[i] + two)
        two = np.uint32(two + words[i + 1] + one)
    return one, two


def mend(path: Path) -> Mended:
    """Seal the frames again that a damaged one would hide; before anybody opens the database. Nothing is changed if
    nothing is damaged."""
    if not path.is_file() or path.stat().st_size < _HEAD + _FRAME:
        return Mended(0, 0)
    raw = bytearray(path.read_bytes())
    magic, _, page = struct.unpack_from(">III", raw)
    size = _FRAME + page
    if magic & ~1 != _MAGIC or not 512 <= page <= 65_536:
        return Mended(0, 0)
    frames = _Frames(raw, page, ">" if magic & 1 else "<")
    good, commits = frames.check((len(raw) - _HEAD) // size)
    start, sealed, damaged = 0, -1, 0
    for end in commits:
        bad = good[start : end + 1].count(False)
        # A commit is written after the one before it was synced: one that another follows was durable.
        if bad and not any(good[end + 1 :]):
            break
        start, sealed, damaged = end + 1, end, damaged + bad
    dropped = len(good) - 1 - sealed
    if not damaged:
        return Mended(0, dropped)
    aside = _aside(path)
    shutil.copyfile(path, aside)
    frames.seal(sealed)
    path.write_bytes(raw)
    return Mended(damaged, dropped, aside)


@dataclass
class _Frames:
    raw: bytearray
    page: int
    order: str
    mine: int = 0
    """Frames since the file was started anew; what lies after them is of before."""

    def _words(self, at: int, count: int) -> NDArray[np.uint32]:
        return np.frombuffer(bytes(self.raw[at : at + count]), f"{self.order}u4").astype(np.uint32)

    def _at(self, number: int) -> int:
        return _HEAD + number * (_FRAME + self.page)

    def _stored(self, number: int) -> tuple[int, int]:
        """The checksum that a frame (-1: the file's head) says that all up to it has."""
        found = struct.unpack_from(">II", self.raw, 24 if number < 0 else self._at(number) + 16)
        return int(found[0]), int(found[1])

    def _next(self, number: int, before: tuple[int, int]) -> tuple[int, int]:
        at = self._at(number)
        head = _checksum(self._words(at, 8), *before)
        found = _checksum(self._words(at + _FRAME, self.page), *head)
        return int(found[0]), int(found[1])

    def check(self, count: int) -> tuple[list[bool], list[int]]:
        """Which frames are as they were written, and which of all say that they end a commit."""
        salt = self.raw[16:24]
        good: list[bool] = []
        commits: list[int] = []
        before = self._stored(-1)
        for number in range(count):
            at = self._at(number)
            stored, told = self._stored(number), self._stored(number - 1)
            ours = self.raw[at + 8 : at + 16] == salt
            said = {self._next(number, each) for each in {before, told}} if ours else set()
            good.append(stored in said)
            self.mine = number + 1 if ours else self.mine
            before = stored if good[-1] else self._next(number, before)
            if struct.unpack_from(">I", self.raw, at + 4)[0]:
                commits.append(number)
        return good[: self.mine], [number for number in commits if number < self.mine]

    def seal(self, last: int) -> None:
        """Make every checksum up to a frame that of what is there."""
        before, salt = self._stored(-1), self.raw[16:24]
        for number in range(last + 1):
            at = self._at(number)
            self.raw[at + 8 : at + 16] = salt
            before = self._next(number, before)
            struct.pack_into(">II", self.raw, at + 16, *before)


def _aside(path: Path) -> Path:
    """A name beside a file that is not taken."""
    number = 1
    while (found := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return found
