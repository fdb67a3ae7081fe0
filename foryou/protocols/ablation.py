"""KR-rank without each group of inputs in turn: what every factor adds to the ranking, or that it adds nothing.

A model that never sees a group learns and predicts with its columns blank (see `features.neutral`). The rows are folded
once; each variant learns the same rows in the same order from the same seed, so differences are paired by seed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from foryou.core.inputs import FAMILIES
from foryou.core.ports import Pairs
from foryou.features.neutral import groups, without
from foryou.models.ranker import Ranker
from foryou.protocols.examples import RankExamples, fold_log
from foryou.protocols.measures import Report, measures, over_seeds
from foryou.protocols.peers import Told
from foryou.training import recorded

FULL = "full"


def ablation(
    directory: Path,
    test_from: date,
    test_to: date,
    seeds: Sequence[int] = (1, 2, 3),
    left_out: Sequence[str] = (),
    told: Told = lambda what, rows: None,
) -> Report:
    """The measures of the full model and of one without each group (all of `groups`, unless some are named).

    Keys: protocol, test_from, test_to, rows, users, seeds, `full` (measures over the seeds), and `without`: by group
    `family` (its meaning, "" for a group that is no family), `columns`, `told` (the columns that are not blank in this
    log anyway), the measures, and `difference`: mean, deviation and each seed's difference of primary to the full
    model's; negative: the group helps.
    """
    started = time.perf_counter()
    chosen = {name: columns for name, columns in groups().items() if not left_out or name in left_out}
    rows = fold_log(directory, test_from, test_to, progressed=lambda count: told("Events", count))
    full = [_measure(rows, seed, recorded.unchanged, f"All inputs, seed {seed}", told) for seed in seeds]
    out: dict[str, Report] = {}
    for name, columns in chosen.items():
        said = told_columns(rows, columns)
        change = partial(_without, columns)
        runs = (
            full if not said else [_measure(rows, seed, change, f"Without {name}, seed {seed}", told) for seed in seeds]
        )
        gaps = [run["primary"] - whole["primary"] for run, whole in zip(runs, full, strict=True)]
        out[name] = {
            "family": FAMILIES.get(name, ""),
            "columns": list(columns),
            "told": said,
            **over_seeds(runs),
            "difference": {
                "mean": round(float(np.mean(gaps)), 5),
                "deviation": round(float(np.std(gaps, ddof=1)) if len(gaps) > 1 else 0.0, 5),
                "seeds": [round(gap, 5) for gap in gaps],
            },
        }
    users = rows.rows["user_id"]
    return {
        "protocol": "KR-rank ablation",
        "test_from": test_from.isoformat(),
        "test_to": test_to.isoformat(),
        "rows": len(users),
        "users": len(np.unique(users)),
        "seeds": list(seeds),
        FULL: over_seeds(full),
        "without": out,
        "seconds": round(time.perf_counter() - started, 1),
    }


def told_columns(rows: RankExamples, columns: Sequence[str]) -> list[str]:
    """The columns of which this log says anything at all: the others are 0 in every row that is learned."""
    held: Mapping[str, np.ndarray] = {
        **rows.learned.viewers.columns,
        **rows.learned.past.columns,
        **rows.learned.items.columns,
    }
    return [name for name in columns if name in held and np.any(held[name])]


def _measure(rows: RankExamples, seed: int, change: Callable[[Pairs], Pairs], what: str, told: Told) -> Report:
    model = Ranker(seed)
    recorded.learn(model, rows.learned, change, progressed=lambda count: told(what, count))
    found = measures(rows.rows["user_id"], rows.frozen.outcomes, recorded.predict(model, rows.frozen, change), seed)
    return {name: found[name] for name in ("gauc", "ndcg5", "primary")}


def _without(columns: Sequence[str], pairs: Pairs) -> Pairs:
    return without(pairs, columns)
