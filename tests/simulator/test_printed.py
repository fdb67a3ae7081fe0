"""Tables that fit the terminal, and sentences that say no more than was found."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from foryou.simulator.compare import compared
from foryou.simulator.measures import MEASURES
from foryou.simulator.policies.known import POLICIES
from foryou.simulator.printed import sentences, tables


def told(**values: tuple[float, ...]) -> dict[str, Any]:
    """Of policies with a value for each seed: the same for all measures."""
    runs = [
        {
            "policy": name.replace("_", "-"),
            "seed": seed,
            "measures": {each.name: value for each in MEASURES},
            "swipes": 1_000_000,
            "seconds": 1.0,
            "told": {"others": 3} if name == "foryou" else {},
        }
        for name, of in values.items()
        for seed, value in enumerate(of)
    ]
    policy = next(iter(values))
    return {"policy": policy, "seeds": [1, 2], "farms": 0, "runs": runs, **compared(runs, policy)}


def test_with_every_policy_a_table_fits_80_columns_and_no_name_breaks_inside_a_word() -> None:
    console = Console(width=80, record=True, file=StringIO())
    for table in tables(told(**{name.replace("-", "_"): (0.000123, 0.0002) for name in POLICIES}), 80):
        console.print(table)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    words = text.split()
    assert all(part in words for name in POLICIES for part in name.replace("-", "- ").split())
    assert words.count("satisfaction") == 2 == words.count("repeats")


def test_a_verdict_says_where_there_is_no_clear_difference_and_what_was_left_out() -> None:
    said = list(sentences(told(foryou=(1.0, 1.2), popular=(1.1, 1.0))))
    assert "no clear difference" in said[0]
    assert "In 6 places the server showed videos of somebody else" in said[1]
    assert "no clear difference" not in next(sentences(told(foryou=(1.0, 1.2), popular=(0.5, 0.6))))
