"""The learner's state beside the tables: named arrays, kept whole for the log offset they had reached."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from foryou.core.batch import Column
from foryou.core.errors import BackendError
from foryou.core.ports import Offset


class States:
    """Keeps the two newest states: the one of the save before may still be asked for. Without a directory, in
    memory."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._held: dict[Offset, Mapping[str, Column]] = {}

    def write(self, offset: Offset, state: Mapping[str, Column]) -> None:
        """Keep a state for an offset; it is there whole, or not at all."""
        if self._directory is None:
            self._held = {offset: dict(state)}
            return
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            partial = self._directory / "partial"
            with partial.open("wb") as file:
                np.savez(file, **state)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            partial.rename(self._directory / f"{offset}.npz")
            for path in self._kept()[:-2]:
                path.unlink()
        except OSError as problem:
            raise BackendError(f"cannot keep the learner's state in {self._directory}: {problem.strerror}") from problem

    def read(self, offset: Offset) -> Mapping[str, Column] | None:
        """The state kept for an offset, if there is one."""
        if self._directory is None:
            return self._held.get(offset)
        path = self._directory / f"{offset}.npz"
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as held:
                return {name: held[name] for name in held.files}
        except (OSError, ValueError) as problem:
            raise BackendError(f"the learner's state {path} cannot be read: {problem}") from problem

    def _kept(self) -> list[Path]:
        assert self._directory is not None
        return sorted(self._directory.glob("*.npz"), key=lambda path: int(path.stem))
