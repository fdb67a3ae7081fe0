"""Tables as they would be: what is written here is seen here alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.errors import BackendError
from foryou.core.ports import Captured, Keys, Offset, Store
from foryou.core.table import Table

_KEPT = "what is only tried is not kept"


@dataclass(frozen=True)
class Draft:
    """A `Store` over another one, for a few changes that are thrown away. A scan sees none of them."""

    under: Store
    _written: dict[str, dict[int, dict[str, Column]]] = field(default_factory=dict)

    def read(self, table: str, keys: Keys) -> Batch:
        return self._over(table, keys, self.under.read(table, keys))

    def columns(self, table: str, keys: Keys, names: tuple[str, ...]) -> Batch:
        return self._over(table, keys, self.under.columns(table, keys, names))

    def _over(self, table: str, keys: Keys, rows: Batch) -> Batch:
        written = self._written.get(table)
        places = [place for place, key in enumerate(keys.tolist()) if key in written] if written else []
        if not written or not places:
            return rows
        held = {name: rows[name].copy() for name in rows}
        for place in places:
            row = written[int(keys[place])]
            for name, values in held.items():
                values[place] = row[name]
        return Batch(held, len(keys))

    def write(self, table: str, keys: Keys, rows: Batch) -> None:
        whole = self.read(table, keys).extend(rows.columns)
        written = self._written.setdefault(table, {})
        for place, key in enumerate(keys.tolist()):
            written[key] = {name: whole[name][place] for name in whole}

    def has(self, table: str, keys: Keys) -> NDArray[np.bool_]:
        written = self._written.get(table, {})
        there = self.under.has(table, keys)
        return there | np.isin(keys, np.fromiter(written, np.int64, len(written))) if written else there

    def scan(self, table: str, names: tuple[str, ...] = ()) -> tuple[Keys, Batch]:
        return self.under.scan(table, names)

    def count(self, table: str) -> int:
        return self.under.count(table)

    def create(self, table: Table) -> None:
        raise BackendError(_KEPT)

    def delete(self, table: str, keys: Keys) -> None:
        raise BackendError(_KEPT)

    def capture(self, offset: Offset) -> Captured:
        raise BackendError(_KEPT)

    def save(self, offset: Offset, base: bool = False) -> None:
        raise BackendError(_KEPT)

    def load(self, usable: Callable[[Offset], bool] = lambda offset: True) -> Offset:
        raise BackendError(_KEPT)

    def clear(self) -> None:
        raise BackendError(_KEPT)
