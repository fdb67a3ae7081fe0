"""Named arrays in a file: NumPy's .npz, read so that nothing that is damaged in it goes unnoticed."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from foryou.core.batch import Column
from foryou.core.errors import BackendError


def read_arrays(path: Path) -> Mapping[str, Column]:
    """The arrays of a file. BackendError if it cannot be read, or any byte that says something was changed."""
    try:
        with zipfile.ZipFile(path) as held:
            return {each.filename.removesuffix(".npy"): _read(held, each) for each in held.infolist()}
    except Exception as problem:  # a parser that meets damage fails in more ways than it says
        raise BackendError(f"{path} cannot be read: {str(problem) or type(problem).__name__}") from problem


def _read(held: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Column:
    with held.open(entry) as file:
        array: Column = np.lib.format.read_array(file, allow_pickle=False)
        if file.read(1):  # the checksum counts at the end alone
            raise ValueError(f"{entry.filename} holds more than it says")
        return array
