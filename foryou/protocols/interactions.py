"""Any data set of viewers and items, split into train, valid and test: our retriever's lists beside the peers'.

Settings and the blend are chosen on valid alone, within a time budget. For the test, all is made again from train and
valid rows with the settings that were chosen; what a viewer had in train (and, for the test, valid) is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from foryou.core.clock import DAY
from foryou.core.errors import InvalidEvent, NotFound
from foryou.models import signals as made
from foryou.models.engagements import Engagements
from foryou.models.retriever import Retriever, Signal, join
from foryou.models.signals import SignalSettings, Sources
from foryou.models.tower import TowerSettings
from foryou.protocols.lists import Scorer, measure

Report = dict[str, Any]
Fit = Callable[[dict[str, Engagements], dict[str, Any], int], Scorer]
PARTS = ("train", "valid", "test")
TRAINING = 0.6
"""Share of the budget after which nothing more is tried on valid; the rest is for making all again."""
TOWERS = 4
"""Towers that are kept, of different shapes: together they are better than the best of them."""
MOST_VIEWERS = 6000
"""Viewers of valid that are looked at."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """Rows of each part by number, and the vectors of all items by name `[items, features]`."""

    parts: dict[str, Engagements]
    vectors: dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another way to make lists: settings to try on valid, and how it is fitted to named engagements."""

    name: str
    grid: tuple[dict[str, Any], ...]
    fit: Fit


def read(directory: Path) -> DataSet:
    """Read `train`, `valid`, `test` and perhaps `items` `.parquet`. NotFound and InvalidEvent say what is wrong."""
    tables = {part: _table(directory, part) for part in PARTS}
    for part, table in tables.items():
        if missing := {"user", "item"} - set(table):
            raise InvalidEvent(f"{part}.parquet", f"has no column {', '.join(sorted(missing))}", "user, item")
    extra = _table(directory, "items") if (directory / "items.parquet").is_file() else {}
    of_item = [table["item"] for table in (*tables.values(), extra) if "item" in table]
    users, items = (
        np.unique(np.concatenate([table["user"] for table in tables.values()])),
        np.unique(np.concatenate(of_item)),
    )
    end = max((int(_moments(table["at"]).max(initial=0)) for table in tables.values() if "at" in table), default=0)
    parts = {
        part: Engagements(
            np.searchsorted(users, table["user"]),
            np.searchsorted(items, table["item"]),
            np.asarray(table.get("weight", np.ones(len(table["user"]))), np.float32),
            (end - _moments(table["at"])) / DAY if "at" in table else np.zeros(len(table["user"])),
            len(users),
            len(items),
        )
        for part, table in tables.items()
    }
    return DataSet(parts, _vectors(extra, items))


def _table(directory: Path, name: str) -> dict[str, Any]:
    path = directory / f"{name}.parquet"
    if not path.is_file():
        raise NotFound(f"{directory} has no {name}.parquet; there have to be train, valid and test, and may be items")
    with duckdb.connect() as connection:
        found = connection.from_parquet(str(path)).fetchnumpy()
    return {column: np.ma.getdata(values) for column, values in found.items()}


def _moments(at: NDArray[Any]) -> NDArray[np.int64]:
    """Milliseconds, from numbers or timestamps."""
    return at.astype("datetime64[ms]").astype(np.int64) if at.dtype.kind == "M" else at.astype(np.int64)


def _vectors(table: dict[str, Any], items: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    out: dict[str, NDArray[np.float32]] = {}
    for name, values in table.items():
        if name == "item" or values.dtype.kind != "O" or not len(values) or isinstance(values[0], str):
            continue
        some = np.zeros((len(items), len(values[0])), np.float32)
        some[np.searchsorted(items, table["item"])] = np.asarray([list(value) for value in values], np.float32)
        out[name] = np.nan_to_num(some)
    return out


def together(first: Engagements, second: Engagements) -> Engagements:
    """The rows of both."""
    return Engagements(
        np.concatenate([first.viewer, second.viewer]),
        np.concatenate([first.item, second.item]),
        np.concatenate([first.weight, second.weight]),
        np.concatenate([first.days, second.days]),
        first.viewers,
        first.items,
    )


def since_the_end(rows: Engagements) -> Engagements:
    """The same rows with ages from the last of them on, so that no later part's times are known."""
    return replace(rows, days=rows.days - rows.days.min()) if len(rows.days) else rows


def interactions(
    data: DataSet,
    k: int = 20,
    budget_s: float = 600.0,
    seed: int = 1,
    peers: tuple[Peer, ...] = (),
    told: Callable[[str], None] = lambda step: None,
) -> Report:
    """Choose on valid, make all again from train and valid, and measure on test.

    Keys: protocol, users, items, rows, recall, ndcg, coverage, k, seconds, chosen, valid, peers.
    """
    started = time.perf_counter()
    train, valid, test = (data.parts[part] for part in PARTS)
    known = together(train, valid)
    wanted = {"valid": valid.histories(), "test": test.histories()}
    sources = Sources(since_the_end(train), data.vectors, seed)
    chosen, best, tried = choose(sources, wanted["valid"], k, started + TRAINING * budget_s, told)
    told("making all again from train and valid")
    again = Retriever(
        tuple(_signals(Sources(since_the_end(known), data.vectors, seed), chosen)), known.histories(), best.blend
    )
    viewers = np.flatnonzero(np.diff(wanted["test"].indptr))
    ours = measure(again, again.seen, wanted["test"], viewers, (k,), k)
    seconds = time.perf_counter() - started
    others = {
        peer.name: against(peer, {"train": train}, {"train": known}, wanted, (k,), k, seed, told) for peer in peers
    }
    return {
        "protocol": "interactions",
        "users": train.viewers,
        "items": train.items,
        "rows": {part: len(rows.viewer) for part, rows in data.parts.items()},
        "k": k,
        "recall": ours[f"recall@{k}"],
        "ndcg": ours[f"ndcg@{k}"],
        "coverage": ours["coverage"],
        "seconds": round(seconds, 1),
        "chosen": {
            **_told_settings(chosen),
            "blend": dict(zip(_names(again), best.blend.linear.tolist(), strict=True)),
        },
        "valid": tried,
        "peers": others,
        "seed": seed,
    }


def against(
    peer: Peer,
    known: dict[str, Engagements],
    later: dict[str, Engagements],
    wanted: dict[str, Any],
    recall: tuple[int, ...],
    ndcg: int,
    seed: int,
    told: Callable[[str], None],
) -> Report:
    """A peer with the settings that are best on valid, fitted again to `later`, on test."""
    started = time.perf_counter()
    seen, viewers = _seen(known), np.flatnonzero(np.diff(wanted["valid"].indptr))
    best: tuple[float, dict[str, Any]] = (-1.0, {})
    for number, settings in enumerate(peer.grid):
        told(f"{peer.name} {number + 1}/{len(peer.grid)}")
        got = measure(peer.fit(known, settings, seed), seen, wanted["valid"], viewers, recall, ndcg)
        best = max(best, (_worth(got), settings), key=lambda pair: pair[0])
    viewers = np.flatnonzero(np.diff(wanted["test"].indptr))
    got = measure(peer.fit(later, best[1], seed), _seen(later), wanted["test"], viewers, recall, ndcg)
    return {**got, "chosen": best[1], "seconds": round(time.perf_counter() - started, 1)}


def _seen(known: dict[str, Engagements]) -> Any:
    """What viewers have had: by the widest of the named engagements, the last."""
    return list(known.values())[-1].histories()


def _worth(measured: dict[str, float]) -> float:
    """What settings are chosen by: the recalls and the nDCG together, nDCG twice, being smaller and smoother."""
    return sum(value * (2 if name.startswith("ndcg") else 1) for name, value in measured.items() if name != "coverage")


def choose(
    sources: Sources, wanted: Any, k: int, deadline: float, told: Callable[[str], None]
) -> tuple[SignalSettings, Retriever, Report]:
    """The settings and the blend that are best on valid; each signal's own settings first, one after another."""
    seen = sources.rows.histories()
    viewers = np.flatnonzero(np.diff(wanted.indptr))
    viewers = np.sort(np.random.default_rng(sources.seed).permutation(viewers)[:MOST_VIEWERS])
    tried: Report = {}

    def alone(signal: Signal) -> float:
        return _worth(measure(signal, seen, wanted, viewers, (k,), k))

    settings = SignalSettings()
    for name, options, build in _options():
        scores: list[tuple[float, SignalSettings]] = []
        for option in options:
            if scores and time.perf_counter() > deadline:
                break
            told(f"{name}: {option}")
            attempt = replace(settings, **option)
            found = build(sources, attempt)
            if found:
                scores.append((alone(found[0]), attempt))
                tried[f"{name} {option}"] = round(scores[-1][0], 5)
        settings = max(scores, key=lambda pair: pair[0])[1] if scores else settings
    ranked: list[tuple[float, TowerSettings, Signal]] = []
    for shape in _shapes():
        if ranked and time.perf_counter() > deadline:
            break
        told(f"towers: {shape}")
        found = made.towers(sources, shape, settings.content_dim)
        ranked.append((alone(found[0]), shape, found[0]))
        tried[f"towers {shape}"] = round(ranked[-1][0], 5)
    ranked.sort(key=lambda pair: -pair[0])
    told("the blend")
    signals = [*_quick(sources, settings), *(signal for _, _, signal in ranked[:TOWERS])]
    best = join(signals, seen, viewers, wanted, sources.seed)
    return replace(settings, towers=tuple(shape for _, shape, _ in ranked[:TOWERS])), best, tried


def _options() -> Iterator[tuple[str, list[dict[str, Any]], Callable[[Sources, SignalSettings], list[Signal]]]]:
    alphas = [{"alpha": alpha, "beta": beta} for beta in (-0.1, 0.1, 0.3) for alpha in (0.5, 0.7, 0.85, 1.0)]
    yield "walk", alphas, made.walks
    yield "smooth", [{"rank": rank} for rank in (32, 64, 128)], made.smooth
    yield "regression", [{"ridge": ridge, "power": 0.3} for ridge in (50.0, 20.0, 150.0)], made.regression


def _shapes() -> Iterator[TowerSettings]:
    """From what is mostly good to what may be."""
    for ridge, left_out, content in (
        (7e-5, 0.6, 0.0),
        (7e-5, 0.6, 0.3),
        (1e-4, 0.5, 0.0),
        (5e-5, 0.5, 0.0),
        (6e-5, 0.7, 0.3),
        (1e-4, 0.7, 0.3),
        (2e-4, 0.6, 0.0),
        (3e-5, 0.5, 0.0),
    ):
        yield TowerSettings(passes=15, ridge=ridge, left_out=left_out, content=content)


def _quick(sources: Sources, settings: SignalSettings) -> list[Signal]:
    out = [*made.popular(sources, settings), *made.walks(sources, settings), *made.smooth(sources, settings)]
    out += [*made.regression(sources, settings), *made.like_viewers(sources, settings)]
    return out + made.by_content(sources, settings)


def _signals(sources: Sources, settings: SignalSettings) -> list[Signal]:
    out = _quick(sources, settings)
    for number, shape in enumerate(settings.towers):
        own = replace(sources, seed=sources.seed + number)
        out += made.towers(own, shape, settings.content_dim)
    return out


def _names(retriever: Retriever) -> list[str]:
    names = [signal.name for signal in retriever.signals]
    return [name if names.count(name) == 1 else f"{name} {place}" for place, name in enumerate(names)] + ["known"]


def _told_settings(settings: SignalSettings) -> Report:
    return {name: getattr(settings, name) for name in SignalSettings.__dataclass_fields__ if name != "towers"} | {
        "towers": [str(shape) for shape in settings.towers]
    }
