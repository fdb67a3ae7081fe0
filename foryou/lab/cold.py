"""`foryou evaluate kuairand --cold`: new videos ranked by content, author and early counters."""

from __future__ import annotations

from foryou import terminal
from foryou.lab.ask import Ask, systems_table
from foryou.lab.options import err, out, write
from foryou.plots.systems import plot_systems
from foryou.protocols.cold import kr_cold


def cold(ask: Ask) -> None:
    """A seeded tenth of the videos is new; their test rows beside the means of their authors and topics."""
    with terminal.telling(err) as told:
        report = kr_cold(ask.data, ask.first, ask.last, ask.seeds, told)
    write(report, ask.json)
    picture = ask.picture_for("cold")
    plot_systems(report, picture, "KR-cold: GAUC of new videos", "gauc")
    title = f"KR-cold, {report['test_from']} to {report['test_to']}, {len(ask.seeds)} seeds"
    out.print(systems_table(report, title, ("auc", "gauc")))
    rows, users = (", ".join(f"{each:,}" for each in report[name]) for name in ("rows", "users"))
    out.print(f"Rows of new videos: {rows}; viewers with both outcomes: {users}. {report['seconds']} s. {picture}")
