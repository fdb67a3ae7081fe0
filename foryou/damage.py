"""What of the log cannot be read, in words and numbers that an operator can act on."""

from __future__ import annotations

from foryou.core.ports import Damage, Log, Offset

_AROUND = 64
"""Offsets before damage in which a batch with a time is looked for."""
_TOLD = 20


def told_of(log: Log) -> dict[str, object]:
    """`damaged_batches` and `damaged_rows`; and `damaged`, the first few by offset, stream and time, where there are
    any."""
    found = log.damaged
    told: dict[str, object] = {
        "damaged_batches": sum(each.last - each.first + 1 for each in found),
        "damaged_rows": sum(each.rows for each in found),
    }
    return told | ({"damaged": [described(log, each) for each in found[:_TOLD]]} if found else {})


def described(log: Log, damage: Damage) -> dict[str, object]:
    """Where damage is and what is lost: `after` and `before` are the times (ms) of what can be read around it."""
    return {
        "offsets": [damage.first, damage.last],
        "stream": damage.stream or "unknown",
        "rows": damage.rows,
        "after": _time(log, max(0, damage.first - 1 - _AROUND), damage.first - 1, last=True),
        "before": _time(log, damage.last, damage.last + _AROUND, last=False),
        "problem": damage.problem,
    }


def _time(log: Log, after: Offset, upto: Offset, last: bool) -> int | None:
    """The log time of the last (or first) batch with one in `after` < offset <= `upto`."""
    found: int | None = None
    for record in log.read(after):
        if record.offset > upto:
            break
        times = next((record.rows[name] for name in ("received", "at") if name in record.rows), None)
        if times is not None and len(times):
            found = int(times.max() if last else times.min())
            if not last:
                break
    return found
