"""Taking in files of events and the public log, and showing in a terminal how far it is."""

from __future__ import annotations

import time  # only to say how fast it was
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from foryou import bulk, terminal
from foryou.api import calls, files
from foryou.api.schema import Refusal
from foryou.app import Engine
from foryou.datasets.kuairand import KuaiRand

LISTED = 10
"""How many refused rows of a file are told in the terminal; the file beside it has all."""


def file(engine: Engine, path: Path, chunks: Iterator[files.Chunk], keep_up: Callable[[], None], err: Console) -> bool:
    """Take in the events of a file, read in chunks; what is refused is written to a file beside it, with what is wrong.
    Whether any row was taken in, or there was none."""
    accepted = duplicates = refused = 0
    aside = path.with_name(path.name + ".refused.jsonl")
    aside.unlink(missing_ok=True)
    started = time.perf_counter()
    with terminal.progress(err) as progress:
        task = progress.add_task(path.name, total=files.rows_in(path))
        texts = progress.add_task("Texts", total=0, visible=False)
        read = bulk.ahead((chunk, *chunk.columns(engine.clock())) for chunk in chunks)
        for chunk, batch, no_events in read:
            receipt, _ = calls.take(engine, batch, no_events)
            # Before the next chunk, so that what it shows of these videos is learned with their texts.
            if waiting := engine.texts.waiting:
                progress.update(texts, total=progress.tasks[1].completed + waiting, visible=True)
                while made := engine.embed():
                    progress.advance(texts, made)
            keep_up()
            accepted, duplicates = accepted + receipt.accepted, duplicates + receipt.duplicates
            if receipt.refused:
                _put_aside(aside, chunk, receipt.refused)
            for no in receipt.refused[: max(0, LISTED - refused)]:
                said = f"row {chunk.numbers[no.index]}: {no.field} {no.problem}; expected {no.expected}"
                progress.console.print(f"[yellow]refused[/] {escape(said)}", soft_wrap=True)
            refused += len(receipt.refused)
            progress.advance(task, len(chunk.numbers))
    rate = (accepted + duplicates) / max(time.perf_counter() - started, 1e-3)
    err.print(f"Taken in: {rate:,.0f} events a second, durable and folded", soft_wrap=True)
    err.print(f"{path.name}: {accepted:,} accepted, {duplicates:,} known before, {refused:,} refused")
    if refused:
        err.print(f"Refused rows, with what is wrong: {aside}", soft_wrap=True)
    return accepted + duplicates > 0 or refused == 0


def _put_aside(aside: Path, chunk: files.Chunk, refused: list[Refusal]) -> None:
    """Add rows that were refused to a file beside the one that they came from, with what is wrong."""
    with aside.open("ab") as file:
        for no in refused:
            row = {"row": chunk.numbers[no.index], "field": no.field, "problem": no.problem, "expected": no.expected}
            file.write(
                msgspec.json.encode({**row, "event": files.readable(chunk.found(no.index))}, enc_hook=str) + b"\n"
            )


def kuairand(engine: Engine, log: KuaiRand, err: Console) -> None:
    """Take in the public log through the engine's own ingestion, learning from it as it comes."""
    accepted = 0
    started = engine.learner.learned
    with terminal.progress(err) as progress:
        reading = progress.add_task("Events", total=None)
        learning = progress.add_task("Learned", total=log.size())
        with bulk.learning(engine) as keep_up:
            for batch in bulk.ahead(log.events()):
                accepted += int(engine.accept(batch).sum())
                progress.advance(reading, len(batch))
                keep_up()
                progress.update(learning, completed=engine.learner.learned - started)
        progress.update(reading, total=progress.tasks[reading].completed)
        while engine.work():
            progress.update(learning, completed=engine.learner.learned - started)
        progress.update(learning, total=engine.learner.learned - started)
        engine.publish()
    err.print(f"{accepted:,} events accepted, {engine.learner.learned - started:,} exposures learned")
