"""What is to be compared: policies, worlds and what is assumed; and everything about it when runs have ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import msgspec

from foryou.simulator.behaviour import Behaviour
from foryou.simulator.compare import Job, Report, compared
from foryou.simulator.measures import MEASURES, in_words
from foryou.simulator.policies.known import POLICIES, Options, policy_of
from foryou.simulator.run import SLATE, STEP_S
from foryou.simulator.world import Sizes


@dataclass(frozen=True)
class Plan:
    """Policies as they are asked for, with what each is called; the first is compared with the others."""

    names: Mapping[str, str]
    sizes: Sizes
    seeds: Sequence[int]
    options: Options = field(default_factory=Options)
    step_s: int = STEP_S
    farms: int = 0
    behaviour: Behaviour = field(default_factory=Behaviour)
    behaviour_file: str = ""
    settings_file: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Settings of the engine that are not the usual ones, by key."""

    @property
    def policy(self) -> str:
        """What the compared one is called."""
        return next(iter(self.names.values()))

    def jobs(self) -> list[Job]:
        """Every run, world by world."""
        return [
            Job(asked, seed, self.sizes, self.behaviour, self.options, self.step_s, self.farms, called)
            for seed in self.seeds
            for asked, called in self.names.items()
        ]

    def told(self, runs: Sequence[Report]) -> Report:
        """Everything about a comparison, as `--json` has it; `missing` are the runs that have not ended."""
        order = {(job.name, job.seed): place for place, job in enumerate(self.jobs())}
        runs = sorted(runs, key=lambda run: order[run["policy"], run["seed"]])
        ended = {(run["policy"], run["seed"]) for run in runs}
        words = in_words(self.sizes.viewers)
        return {
            "simulated": True,
            "policy": self.policy,
            "sizes": msgspec.to_builtins(self.sizes),
            "seeds": list(self.seeds),
            "slate": SLATE,
            "step_s": self.step_s,
            "farms": self.farms,
            "behaviour": {"file": self.behaviour_file, "changed": changed(self.behaviour)},
            "settings": {"file": self.settings_file, "changed": dict(self.settings)},
            "missing": [{"policy": name, "seed": seed} for name, seed in order if (name, seed) not in ended],
            "measures": {each.name: {"help": words[each.name], "better": each.better} for each in MEASURES},
            **compared(runs, self.policy),
            "runs": runs,
        }


def called(asked: Sequence[str], options: Options) -> dict[str, str]:
    """What each policy is called: by its own `name`, or as it is asked for where two have the same."""
    own = {name: name if name in POLICIES else policy_of(name, options).name for name in dict.fromkeys(asked)}
    twice = {name for name in own.values() if list(own.values()).count(name) > 1}
    return {asked: asked if name in twice else name for asked, name in own.items()}


def changed(behaviour: Behaviour) -> dict[str, object]:
    """The parameters that are not the usual ones."""
    usual = Behaviour()
    pairs = ((each.name, getattr(behaviour, each.name), getattr(usual, each.name)) for each in fields(Behaviour))
    return {name: value for name, value, other in pairs if value != other}


def missing(told: Report) -> str:
    """The runs that have not ended, in words; empty where all have."""
    seeds: dict[str, list[int]] = {}
    for each in told["missing"]:
        seeds.setdefault(each["policy"], []).append(each["seed"])
    return "; ".join(
        f"{name} in seed{'s' if len(of) > 1 else ''} {', '.join(map(str, of))}" for name, of in seeds.items()
    )
