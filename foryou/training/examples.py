"""Training examples: rows with the columns that they were served with, and one outcome for each head.

Impressions that no request of ours showed (an imported log) get their columns as of their own time, before they are
folded. Nothing here knows how a model learns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.heads import NAMES
from foryou.core.ids import pair_of
from foryou.core.inputs import HISTORY_COLUMNS, INPUTS, OUTCOME_BITS
from foryou.core.ports import Pairs, Store
from foryou.features.enrich import WATCH_LIMIT_S
from foryou.features.hydrate import item_columns, viewer_columns

VIEWER_COLUMNS: tuple[str, ...] = (*(i.name for i in INPUTS if i.side == "viewer"), *HISTORY_COLUMNS)
ITEM_COLUMNS: tuple[str, ...] = (*(i.name for i in INPUTS if i.side == "item"), "seconds_long")


@dataclass(frozen=True)
class Examples:
    """Rows beside their viewers, with one float32 outcome column for each head (NaN: not known).

    Beside the heads `outcomes` has `weight`, what each row counts, and `at`, when it was shown (ms).
    """

    pairs: Pairs
    outcomes: Batch

    def __len__(self) -> int:
        return len(self.outcomes)

    def take(self, rows: Column) -> Examples:
        """Some of the rows; viewers that no row needs any more are dropped."""
        kept, of = np.unique(self.pairs.of[rows], return_inverse=True)
        return Examples(
            Pairs(self.pairs.viewers.take(kept), self.pairs.items.take(rows), of.astype(np.int64)),
            self.outcomes.take(rows),
        )

    @staticmethod
    def concat(parts: list[Examples]) -> Examples:
        """Several sets of examples, one after another."""
        start = np.cumsum([0, *(len(part.pairs.viewers) for part in parts[:-1])])
        return Examples(
            Pairs(
                Batch.concat([part.pairs.viewers for part in parts]),
                Batch.concat([part.pairs.items for part in parts]),
                np.concatenate([part.pairs.of + first for part, first in zip(parts, start, strict=True)]),
            ),
            Batch.concat([part.outcomes for part in parts]),
        )


def outcomes(flags: Column, seconds: Column, weight: Column, at: Column) -> Batch:
    """One column for each head from the bits of what happened and the seconds watched (negative: not measured); with
    `weight` and `at` beside them.

    An exposure that was never measured comes from a log that kept less (KuaiRand's sequences keep long views and
    likes): what did not happen there is not known, but for these two.
    """
    happened = {name: (flags & bit) != 0 for name, bit in OUTCOME_BITS.items()}
    told: dict[str, Column] = {"watch": np.where(happened["measured"], np.minimum(seconds, WATCH_LIMIT_S), np.nan)}
    for name in NAMES:
        if name == "watch":
            continue
        known = happened["watch"] if name == "long_view" else happened["measured"] | happened[name] | (name == "like")
        told[name] = np.where(known, happened[name], np.nan)
    return Batch({**{name: told[name].astype(np.float32) for name in NAMES}, "weight": weight, "at": at})


def as_of_now(store: Store, shown: Batch) -> Pairs:
    """The columns of impressions that have none yet, as of their own times; to be called before they are folded."""
    viewer, of = np.unique(pair_of(shown["viewer"], shown["surface"]), return_inverse=True)
    first = np.zeros(len(viewer), np.int64)
    first[of[::-1]] = np.arange(len(shown))[::-1]
    asking = shown.take(first)
    context = {name: asking[name] for name in ("surface", "device", "language", "country", "offset")}
    viewers = viewer_columns(store, asking["viewer"], asking["at"], context)
    items = Batch(item_columns(store, viewers, of, shown["video"], shown["at"]))
    return Pairs(viewers.select(VIEWER_COLUMNS), items.select(ITEM_COLUMNS), of.astype(np.int64))
