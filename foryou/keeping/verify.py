"""Whether a data directory is whole: every batch of the log, the ids of events, and tables that say what the log says.

It only reads, and may run beside a server. With `repair` (not beside one) it puts aside what is damaged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from foryou.backends import connection
from foryou.backends.log import SqliteLog
from foryou.backends.open import hold
from foryou.backends.pack import holds
from foryou.backends.saves import Saved, Saves
from foryou.core.errors import BackendError
from foryou.core.ports import Offset
from foryou.damage import described
from foryou.features import reach_settings, trust
from foryou.features.fold import EVENTS_STREAM, SERVED_STREAM
from foryou.keeping import replay

Told = Callable[[str, Offset, Offset], None]
"""(what is being done, how far, of how much)"""
QUARANTINE = "quarantine.sqlite"


def verify(
    data: Path,
    repair: bool = False,
    told: Told = lambda what, done, of: None,
    rules: replay.Rules = (trust.DEFAULT, reach_settings.DEFAULT),
) -> dict[str, object]:
    """A report, with `sound` and a list of `problems`. `rules` are the settings under which the tables were made.

    BackendError if there is no log, or if with `repair` a server runs.
    """
    path = data / "log.sqlite"
    if not path.is_file():
        raise BackendError(f"there is no log in {data}")
    release = _held(data, repair)
    try:
        lost = connection.mended(path) if release is not None else []
        moved = _repaired(path, told) if repair else 0
        log = SqliteLog(path, recover=False)
        try:
            report = _report(data, log, told, rules)
        finally:
            log.close()
    finally:
        if release is not None:
            release()
    lost_rows = [f"batch {each.first} of {each.stream or 'an unknown stream'} is lost" for each in lost]
    problems = [*lost_rows, *report.pop("problems")]  # type: ignore[misc]
    return {"data": str(data), "sound": not problems, "quarantined": moved, **report, "problems": problems}


def _held(data: Path, need: bool) -> Callable[[], None] | None:
    """The directory's lock; nothing where a server has it and it is not needed."""
    try:
        return hold(data)
    except BackendError:
        if need:
            raise
        return None


def _report(data: Path, log: SqliteLog, told: Told, rules: replay.Rules) -> dict[str, object]:
    problems = [f"log.sqlite: {found}" for found in _checked(data / "log.sqlite")]
    problems += [f"documents.sqlite: {found}" for found in _checked(data / "documents.sqlite")]
    batches, rows, ids, served_from = 0, 0, [], None
    for record in log.read():
        batches, rows = batches + 1, rows + len(record.rows)
        if record.stream == EVENTS_STREAM:
            ids.append(record.rows["id"])
        elif record.stream == SERVED_STREAM and served_from is None:
            served_from = int(record.rows["at"].min())
        told("Reading the log", record.offset, log.end)
    damage = [described(log, each) for each in log.damaged]
    problems += [
        f"batches {each['offsets']} of {each['stream']} ({each['rows']} rows, received between {each['after']} and "
        f"{each['before']} ms): {each['problem']}"
        for each in damage
    ]
    every = np.concatenate([np.zeros(0, np.int64), *ids])
    twice = len(every) - len(np.unique(every))
    if twice:
        problems.append(f"{twice} events are in the log twice (they count once)")
    saves = Saves(data / "tables")
    saved = saves.read()
    compared = _compared(log, saves, saved, served_from, rules, told) if saved is not None else None
    problems += [f"table column {name} is not what the log says" for name in compared or ()]
    return {
        "batches": batches,
        "rows": rows,
        "events": len(every),
        "offset": log.end,
        "compared_at": saved.offset if saved is not None else None,
        "damaged": damage,
        "problems": problems,
    }


def _checked(path: Path) -> list[str]:
    """What SQLite finds wrong with the structure of a file."""
    if not path.is_file():
        return ["is not there"]
    try:
        with closing(sqlite3.connect(path)) as opened:
            found = [str(row[0]) for row in opened.execute("PRAGMA quick_check(20)").fetchall()]
    except sqlite3.Error as problem:
        return [str(problem)]
    return [] if found == ["ok"] else found


def _compared(
    log: SqliteLog, saves: Saves, saved: Saved, served_from: int | None, rules: replay.Rules, told: Told
) -> list[str]:
    """The columns of the saved tables that are not what the log makes of the base, or of nothing."""
    base = saves.base()
    made = replay.replayed(
        log.read(base.offset if base is not None else 0),
        base,
        saved.offset,
        replay.embedder_of(saved),
        rules,
        lambda done, of: told("Folding it again", done, of),
    )
    there, must = replay.store_of(saved), replay.rows_in(made.store)
    # Slates are forgotten with their log: rows that only the base still knows of are no difference.
    for tables in (there, must):
        if base is not None:  # what was said of videos before the base is known to documents alone
            tables["content"] = {name: values for name, values in tables["content"].items() if name != "said"}
        keep = tables["served"]["at"] >= (served_from if served_from is not None else np.iinfo(np.int64).max)
        tables["served"] = {name: values[keep] for name, values in tables["served"].items()}
    return list(replay.differences(there, must))


def _repaired(path: Path, told: Told) -> int:
    """Put what is damaged aside: batches whose bytes are into a file of their own, and where SQLite's own structure is,
    the whole file, of which everything readable is copied; how many batches were moved or lost."""
    lost = len(connection.rebuild(path)) if _checked(path) else 0
    bad: list[tuple[int, str, int, bytes, str]] = []
    with closing(connection.connect(path)) as opened:
        end = opened.execute('SELECT coalesce(max("offset"), 0) FROM log').fetchone()[0]
        for offset, stream, rows, payload in opened.execute('SELECT "offset", stream, "rows", payload FROM log'):
            try:
                holds(payload, ())
            except BackendError as problem:
                bad.append((offset, stream, rows, payload, str(problem)))
            told("Looking for damage", offset, end)
        if bad:
            opened.execute("ATTACH ? AS aside", (str(path.with_name(QUARANTINE)),))
            with connection.transaction(opened):
                opened.execute(
                    'CREATE TABLE IF NOT EXISTS aside.damaged ("offset" INTEGER, stream TEXT, "rows" INTEGER, '
                    "payload BLOB, problem TEXT)"
                )
                opened.executemany("INSERT INTO aside.damaged VALUES (?, ?, ?, ?, ?)", bad)
                opened.executemany('DELETE FROM log WHERE "offset" = ?', [(each[0],) for each in bad])
    return lost + len(bad)
