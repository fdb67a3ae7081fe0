"""The learner's state beside the tables: named arrays, kept whole for the log offset they had reached."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from foryou.backends.arrays import read_arrays, synced
from foryou.core.batch import Column
from foryou.core.errors import BackendError
from foryou.core.ports import Offset

_LOG = logging.getLogger("foryou")


class States:
    """Keeps the two newest states, as the tables keep two saves, and that of the base. Without a directory, in
    memory."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._held: dict[Offset, Mapping[str, Column]] = {}
        self._base: Offset = -1

    def write(self, offset: Offset, state: Mapping[str, Column], base: bool = False) -> None:
        """Keep a state for an offset; it is there whole, or not at all. As a `base` instead of all others, and until
        there is another base."""
        if self._directory is None:
            self._base = offset if base else self._base
            self._held = {each: held for each, held in self._held.items() if each == self._base} | {offset: dict(state)}
            return
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            partial = self._directory / "partial"
            with synced(partial) as file:
                np.savez(file, **state)  # type: ignore[arg-type]
            if base:
                kept = self._directory / f"{offset}.base"
                kept.unlink(missing_ok=True)
                os.link(partial, kept)
            partial.rename(self._directory / f"{offset}.npz")
            old = self._kept()
            if base:
                bases = [path for path in self._directory.glob("*.base") if path.stem != str(offset)]
                old = [*(path for path in old if path.stem != str(offset)), *bases]
            for path in old if base else old[:-2]:
                path.unlink()
        except OSError as problem:
            raise BackendError(f"cannot keep the learner's state in {self._directory}: {problem.strerror}") from problem

    def drop(self, offset: Offset) -> None:
        """Forget the state of an offset whose tables could not be saved: it would outlive one that has some."""
        if self._directory is None:
            self._held.pop(offset, None)
            return
        for name in (f"{offset}.npz", f"{offset}.base"):
            with suppress(OSError):
                (self._directory / name).unlink()

    def read(self, offset: Offset) -> Mapping[str, Column] | None:
        """The state kept for an offset, if there is one that is whole."""
        if self._directory is None:
            return self._held.get(offset)
        for path in (self._directory / f"{offset}.npz", self._directory / f"{offset}.base"):
            if not path.is_file():
                continue
            try:
                return read_arrays(path)
            except BackendError as problem:
                _LOG.error("the learner's state is damaged: %s; the one before, or the log, stands in", problem)
        return None

    def _kept(self) -> list[Path]:
        assert self._directory is not None
        return sorted(self._directory.glob("*.npz"), key=lambda path: int(path.stem))
