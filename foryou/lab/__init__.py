"""The commands that measure: `foryou replay` and `foryou evaluate ...`. What they measure is in `protocols`."""

from __future__ import annotations

import typer

from foryou.lab.ablation import ablation
from foryou.lab.bubble import bubble
from foryou.lab.kuairand import kuairand
from foryou.lab.offpolicy import offpolicy
from foryou.lab.options import DATA
from foryou.lab.replay import replay
from foryou.lab.retrieval import interactions

evaluate = typer.Typer(
    name="evaluate", help="Measure the engine: on data sets beside others, and from its own log.", no_args_is_help=True
)
evaluate.command()(kuairand)
evaluate.command()(interactions)
evaluate.command()(ablation)
evaluate.command()(offpolicy)
evaluate.command()(bubble)

__all__ = ["DATA", "evaluate", "replay"]
