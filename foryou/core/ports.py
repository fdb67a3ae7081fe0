"""The boundaries: what the engine asks of whatever keeps its log, its tables, its vectors and its models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.event import Kind
from foryou.core.table import Table

Keys: TypeAlias = NDArray[np.int64]
Offset: TypeAlias = int
"""A position in the log. 0 is before everything; each appended batch has one offset, higher than all before it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One batch of the log, as it was appended, with its offset and its stream."""

    offset: Offset
    stream: str
    rows: Batch


Mark: TypeAlias = tuple[str, int]
"""A name, and a position in what is read under that name."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Batches that cannot be read: their offsets, stream ("": not known), rows (0: not known) and what is wrong."""

    first: Offset
    last: Offset
    stream: str
    rows: int
    problem: str


class Log(Protocol):
    """An append-only sequence of batches in named streams, all in one order. BackendError when it cannot."""

    def append(self, stream: str, rows: Batch, mark: Mark | None = None) -> Offset:
        """Add a batch; it is read back by this process at once, and is durable after the next `sync`.

        A `mark` becomes durable with the batch, both or neither: how far somebody who appends has come with what he
        reads.
        """

    def marks(self) -> Mapping[str, int]:
        """The newest mark of each name."""

    def unmark(self, names: Iterable[str]) -> None:
        """Forget marks."""

    def hold(self) -> None:
        """Returns once everything appended before the call would survive the end of this process, if the disk has room
        for it; it does not wait for the disk."""

    def sync(self) -> None:
        """Returns once everything appended before the call would survive a power cut."""

    def withdraw(self, offsets: Sequence[Offset]) -> set[Offset]:
        """Take back batches that a sync could not make durable; those that are durable all the same, and stay."""

    def read(
        self, after: Offset = 0, streams: tuple[str, ...] = (), needles: tuple[bytes, ...] = ()
    ) -> Iterator[Record]:
        """The batches after an offset, in order; all streams unless some are named, and with `needles` only those that
        may hold one of these bytes. What is damaged is left out, and named in `damaged`."""

    def latest(self, streams: tuple[str, ...]) -> Record | None:
        """The last batch of these streams that can be read."""

    def rewrite(
        self,
        streams: tuple[str, ...],
        upto: Offset,
        change: Callable[[Record], Batch],
        needles: tuple[bytes, ...] = (),
    ) -> int:
        """Put what `change` makes of each batch of these streams up to an offset in its place (no rows: remove it);
        how many it changed. Offsets stay."""

    def shrink(self) -> bool:
        """Give some of the space of what was removed back to the disk; whether there is more to give."""

    def scrub(self) -> None:
        """Returns once no file holds anything of what was removed or rewritten."""

    def check(self, pause: Callable[[float], bool] = lambda seconds: False) -> None:
        """Read every batch once, so that `damaged` names all there is; `pause` waits for so many seconds now and then,
        and says whether to stop."""

    @property
    def damaged(self) -> Sequence[Damage]:
        """What could not be read so far."""

    def trim(self, stream: str, before: Offset, keep: tuple[str, ...]) -> int:
        """Thin the batches of a stream up to an offset down to some columns (none: remove them); how many changed."""

    @property
    def end(self) -> Offset:
        """The offset of the last batch."""

    def close(self) -> None: ...


class Captured(Protocol):
    """All tables as they were at an offset of the log."""

    def write(self, base: bool = False) -> None:
        """Keep them: see `Store.save`. What was written to the tables since is put aside until then."""

    def release(self) -> None:
        """They are not wanted any more."""


class Store(Protocol):
    """Tables of fixed-width rows by int64 key. BackendError for an unknown table."""

    def create(self, table: Table) -> None:
        """Make a table unless it is there."""

    def read(self, table: str, keys: Keys) -> Batch:
        """One row for each key, in order; defaults where a key was never written."""

    def columns(self, table: str, keys: Keys, names: tuple[str, ...]) -> Batch:
        """As `read`, for some columns only."""

    def write(self, table: str, keys: Keys, rows: Batch) -> None:
        """Put one row for each key (keys are unique); a column that is left out keeps its value."""

    def has(self, table: str, keys: Keys) -> NDArray[np.bool_]:
        """Which keys were ever written (and not deleted)."""

    def scan(self, table: str, names: tuple[str, ...] = ()) -> tuple[Keys, Batch]:
        """All keys in the order of their first writing, and their rows (all columns unless some are named);
        read-only. The keys of a table without columns come in any order."""

    def count(self, table: str) -> int:
        """How many keys there are."""

    def delete(self, table: str, keys: Keys) -> None:
        """Forget these keys."""

    def capture(self, offset: Offset) -> Captured:
        """All tables as they are now, with the log offset that they have reached, in no time: what is written to them
        from now on is not in it. One at a time."""

    def save(self, offset: Offset, base: bool = False) -> None:
        """Keep all tables as they are now, together with the log offset that they have reached: `capture`, and its
        `write`.

        As a `base` it stands for what leaves the log: it outlives `clear`, and older saves and bases go.
        """

    def load(self, usable: Callable[[Offset], bool] = lambda offset: True) -> Offset:
        """Bring the tables back as they were last saved (where that is damaged, or not `usable`, as they were before
        that); the offset they had reached, 0 if there is no save."""

    def clear(self) -> None:
        """Forget every row and every save but the base."""


class Documents(Protocol):
    """What is asked for by name rather than by column: a small MessagePack record for each (kind, id)."""

    def put(self, kind: str, ids: list[int], documents: list[bytes]) -> None: ...

    def get(self, kind: str, ids: list[int]) -> list[bytes | None]: ...

    def latest(self, kind: str, most: int) -> list[bytes]:
        """The documents with the highest ids, these first."""

    def trim(self, kind: str, before: int) -> int:
        """Remove the documents with an id below `before`; how many."""

    def remove(self, kind: str, ids: list[int]) -> int:
        """Remove documents; how many there were."""

    def scrub(self) -> None:
        """Returns once no file holds anything of what was removed or replaced."""

    def clear(self) -> None: ...

    def close(self) -> None: ...


class Index(Protocol):
    """Vectors by id, searched by inner product."""

    def add(self, ids: Keys, vectors: NDArray[np.float32]) -> None:
        """Put vectors `[ids, dim]`; an id that is there is replaced."""

    def remove(self, ids: Keys) -> None: ...

    def search(self, query: NDArray[np.float32], k: int) -> tuple[Keys, NDArray[np.float32]]:
        """The ids with the k highest inner products with `query` `[dim]`, best first, and these."""

    def publish(self, name: str) -> None:
        """Let other processes search these vectors, as they change, under a name."""

    def searches(self, queries: NDArray[np.float32], ks: Sequence[int]) -> list[tuple[Keys, NDArray[np.float32]]]:
        """`search` of each of `queries` `[queries, dim]`, with its k."""

    def vectors(self, ids: Keys) -> NDArray[np.float32]:
        """The vectors `[ids, dim]`; zero for an id that is not here."""

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Pairs:
    """Viewers beside items, without a copy of the viewer for each item: item row i belongs to viewer row `of[i]`."""

    viewers: Batch
    items: Batch
    of: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.items)


class Model(Protocol):
    """Predicts the outcomes of showing items to viewers, and learns from what came of it. ModelError when it cannot."""

    @property
    def version(self) -> str: ...

    def predict(self, pairs: Pairs) -> Batch:
        """One float32 column for each head, `[items]`."""

    def predict_kept(self, pairs: Pairs) -> Batch:
        """As `predict`, perhaps with columns beside the heads. With these among the items' columns `families` need not
        work out again what predicting did; of the same version only."""

    def learn(self, pairs: Pairs, outcomes: Batch) -> Batch:
        """One step on rows whose outcomes are known (NaN: not known); what was predicted of each row before its step.

        Beside the heads `outcomes` may have `weight`, what each row counts, and `at`, when it was (ms).
        """

    def correct(self, pairs: Pairs, learned: Batch, outcomes: Batch) -> None:
        """Rows that were learned with the outcomes `learned` turned out as `outcomes`: learn the difference."""

    def vectors(self, items: Batch) -> NDArray[np.float32]:
        """The retrieval vectors of items `[items, dim]`, whose inner product with a viewer's says how well they fit."""

    def viewer_vector(self, viewers: Batch) -> NDArray[np.float32]:
        """The retrieval vectors of viewers `[viewers, dim]`, a function of their recent history."""

    def families(self, pairs: Pairs) -> FamilyInputs:
        """What explaining needs: see `FamilyInputs`."""

    def forget(self, viewers: Keys) -> int:
        """Give up what was learned of these viewers and of nobody else, kept or not; how many rows that were."""

    def steer(self, kind: Kind, viewer: int, name: int) -> int:
        """What is held of this viewer alone is kept under a name (`Kind.SNAPSHOT`), brought back from there (`RESTORE`;
        under an unknown name nothing is), dropped there (`UNSNAPSHOT`) or starts anew (`REFRESH`); how many rows of
        those that predict changed."""

    def copy(self) -> Model:
        """A copy to predict with, that no longer changes when this one learns. It does not learn itself."""

    def parts(self) -> Mapping[str, Column]:
        """What predicting with a copy reads, as arrays that are not copied."""

    def state(self) -> Mapping[str, Column]:
        """Everything needed to continue, as arrays."""

    def restore(self, state: Mapping[str, Column], branch: int | None = None) -> None:
        """Continue from a state; with `branch` under other version names than those that followed it before."""


class Models(Protocol):
    """Versions of a model that are kept. BackendError when it cannot."""

    def keep(self, version: str, state: Mapping[str, Column], about: Mapping[str, Any]) -> None:
        """Keep a version and what is said of it (`version`, `learned`, ...); the oldest ones go."""

    def all(self) -> list[dict[str, Any]]:
        """What was said of each version, oldest first."""

    def read(self, version: str) -> Mapping[str, Column]:
        """The state of a version. NotFound if it is not kept."""

    def replace(self, version: str, state: Mapping[str, Column]) -> None:
        """Put another state in the place of that of a version that is kept."""


class FamilyInputs(Protocol):
    """The inputs of a model for some items, split by factor family, so that families can be made neutral one by one.

    It can be kept: it goes on saying what the version said that it came from, and holds no tables of it.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """The families, in the order of the columns of `on`."""

    def heads(self, on: NDArray[np.bool_]) -> Batch:
        """The heads `[coalitions * items]`, coalition by coalition, with the families under `on` `[coalitions,
        families]`
        as they are and all others at their neutral value."""

    @property
    def nbytes(self) -> int:
        """What keeping it takes."""
