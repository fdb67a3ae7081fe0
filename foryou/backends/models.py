"""Versions of the model: the newest few, each with its state and what was measured of it."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from foryou.backends.arrays import read_arrays
from foryou.core.batch import Column
from foryou.core.errors import BackendError, NotFound

_ORDER = "order"
"""The field of a version's file that counts them."""
_LOG = logging.getLogger("foryou")


class Models:
    """Keeps the `most` newest versions, two files for each in a directory; without one, in memory."""

    def __init__(self, directory: Path | None, most: int = 8) -> None:
        self._directory, self.most = directory, most
        self._held: dict[str, tuple[Mapping[str, Column], dict[str, Any]]] = {}

    def keep(self, version: str, state: Mapping[str, Column], about: Mapping[str, Any]) -> None:
        """Keep a version instead of an older one of that name; it is there whole, or not at all."""
        if self._directory is None:
            self._held.pop(version, None)
            self._held[version] = (dict(state), dict(about))
            for name in [row["version"] for row in self.all()][: -self.most]:
                del self._held[name]
            return
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            partial = self._directory / "partial"
            with partial.open("wb") as file:
                np.savez(file, **state)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            partial.rename(self._directory / f"{version}.npz")
            number = 1 + max((int(row[_ORDER]) for row in self._told()), default=0)
            partial.write_bytes(msgspec.json.encode({**about, _ORDER: number}))
            partial.rename(self._directory / f"{version}.json")
            for name in [row["version"] for row in self.all()][: -self.most]:
                (self._directory / f"{name}.json").unlink()
                (self._directory / f"{name}.npz").unlink(missing_ok=True)
        except OSError as problem:
            raise BackendError(f"cannot keep model {version} in {self._directory}: {problem.strerror}") from problem

    def all(self) -> list[dict[str, Any]]:
        """What was said of each version, in the order in which they were kept."""
        if self._directory is None:
            return [about for _, about in self._held.values()]
        rows = sorted(self._told(), key=lambda row: int(row[_ORDER]))
        return [{name: value for name, value in row.items() if name != _ORDER} for row in rows]

    def _told(self) -> list[dict[str, Any]]:
        assert self._directory is not None
        return list(map(_about, self._directory.glob("*.json")))

    def read(self, version: str) -> Mapping[str, Column]:
        """The state of a version. NotFound if it is not kept."""
        if self._directory is None and version in self._held:
            return self._held[version][0]
        if self._directory is None or not (self._directory / f"{version}.json").is_file():
            kept = ", ".join(row["version"] for row in self.all())
            raise NotFound(f"there is no model {version!r}; there are {kept or 'none'}")
        return read_state(self._directory / f"{version}.npz")

    def replace(self, version: str, state: Mapping[str, Column]) -> None:
        """Put another state in the place of that of a version that is kept."""
        if self._directory is None:
            self._held[version] = (dict(state), self._held[version][1])
            return
        try:
            partial = self._directory / "partial"
            with partial.open("wb") as file:
                np.savez(file, **state)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            partial.rename(self._directory / f"{version}.npz")
        except OSError as problem:
            raise BackendError(f"cannot keep model {version} in {self._directory}: {problem.strerror}") from problem


def _about(path: Path) -> dict[str, Any]:
    """What was said of a version. Where that is damaged, its name, and that it is the oldest: it can still be cleaned
    of a viewer, and is the next to go."""
    try:
        told: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        if told.get("version") == path.stem and isinstance(told.get(_ORDER), int):
            return told
        problem = "it has no order, or the name of another"
    except (msgspec.MsgspecError, UnicodeError) as error:
        problem = str(error)
    _LOG.error("what %s says of a model is damaged: %s", path, problem)
    return {"version": path.stem, _ORDER: 0}


def read_state(path: Path) -> Mapping[str, Column]:
    """The state of a version from its file. BackendError if it cannot be read."""
    try:
        return read_arrays(path)
    except BackendError as problem:
        raise BackendError(f"the model {problem}") from problem
