"""How viewers behave, as numbers: what makes them stay, what they do, what they get out of it, when they leave and come
back.

The curves of watching and the rates of acts are fitted to a log (`foryou simulate fit`); what no log shows (what a
viewer gets out of a video, and why they come back) is assumed, and stands here with its reason. Proportional hazards
(Cox, 1972) for watching, log-odds for acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np

from foryou.core.errors import NotFound, SettingsError
from foryou.simulator.ranges import check

ACTS = ("like", "comment", "share", "save", "follow", "visit", "not_interested", "report")
"""The order of every number that there is one of for each act."""
FIRST_S = 3.0
"""A video left before this many seconds is skipped, unless it is over by then."""
FIRST_SHARE = 0.6
"""Of a very short video, this share takes the place of the first seconds."""
EARLY = (0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)
"""Where the curve of skipping is given: shares of the first seconds."""
FORMATS = 8
"""How many formats videos have (`videos.py`)."""

Numbers: TypeAlias = tuple[float, ...]
Tables: TypeAlias = tuple[Numbers, ...]

_FITTED = Path(__file__).with_name("fitted.json")


@cache
def _fitted() -> Mapping[str, Any]:
    found: Mapping[str, Any] = msgspec.json.decode(_FITTED.read_bytes())
    return found


def _numbers(name: str) -> Numbers:
    return tuple(_fitted()[name])


def _tables(name: str) -> Tables:
    return tuple(tuple(row) for row in _fitted()[name])


@dataclass(frozen=True)
class Behaviour:
    """All parameters. Those without a number here were fitted to KuaiRand-Pure and are read from `fitted.json`.

    Buckets are lengths of videos: below the first of `edges` (seconds), between them, above the last.
    """

    edges: Numbers = field(default_factory=lambda: _numbers("edges"))
    laps: Numbers = field(default_factory=lambda: _numbers("laps"))
    """Where the curve of watching is given: 0 after the first seconds, 1 at the end, 2 after a whole replay."""
    hold: Numbers = field(default_factory=lambda: _numbers("hold"))
    """Log-odds of staying beyond the first seconds, for each bucket, where everything else is as usual."""
    early: Tables = field(default_factory=lambda: _tables("early"))
    """Share of those who skip that have left by each of `EARLY`, for each bucket."""
    leaving: Tables = field(default_factory=lambda: _tables("leaving"))
    """Cumulated hazard of leaving at each of `laps`, for each bucket: its jump at the end is the finish spike, its last
    slope makes replays geometric."""
    act: Numbers = field(default_factory=lambda: _numbers("act"))
    """Log-odds of each act, for one who saw a video of usual worth to its end."""

    usual_match: float = 0.4
    """The match at which the fitted numbers hold."""
    usual_satiation: float = 0.2
    hold_hook: float = 0.7
    hold_match: float = 2.0
    hold_appeal: float = 0.25
    hold_picture: float = 0.5
    hold_satiation: float = -1.0
    hold_quirk: float = 0.5
    """Effects on the log-odds of staying beyond the first seconds; a quirk is N(0, 1) for each viewer and video."""
    stay_match: float = 1.2
    stay_appeal: float = 0.45
    stay_satiation: float = -0.8
    stay_quirk: float = 0.5
    """Effects on the logarithm of the hazard of leaving after that (a plus is for staying)."""
    stay_format: Numbers = (0.15, 0.05, 0.2, -0.05, -0.1, -0.25, 0.0, -0.05)
    """The same for each format: stories and tutorials are stayed with, product videos are not."""
    known_hold: float = -1.2
    """The same for a video whose original (or itself) the viewer has seen."""

    act_watched: Numbers = (2.0, 1.5, 1.5, 1.5, 1.8, 0.8, -1.0, -1.0)
    """Effect on each act of how much was watched (0 to 1)."""
    act_worth: Numbers = (3.0, 1.0, 2.5, 3.0, 3.0, 1.0, -4.0, -3.0)
    """Effect on each act of what the video is worth to the viewer (0 to 1)."""
    act_bait: Numbers = (1.2, 1.8, 0.0, 0.0, 0.0, 0.0, 0.5, 0.8)
    """What engagement bait adds, worth nothing to anybody."""

    value_base: float = 0.05
    value_match: float = 0.6
    value_appeal: float = 0.25
    """Times the logistic function of 1.5 appeal."""
    value_novelty: float = 0.3
    """For what is liked and was under-delivered lately (share of the taste minus share of the feed)."""
    value_satiation: float = -0.3
    value_quirk: float = 0.06
    value_bait: float = 0.45
    value_known: float = 0.4
    value_glance: float = 0.35
    """What bait, a known video and a skipped one are worth, as shares of what they would be worth otherwise."""
    foreign: float = 0.35
    english: float = 0.8
    """The match of a video in another language, and of one in English for those who speak another, as shares."""
    kin: float = 0.6
    """How much a related topic counts: its similarity times this."""

    keep: float = 0.9
    """Satiation by topic after each video: this share stays, and the video's content adds to it."""
    rest_h: float = 3.0
    """Half of it is gone after so many hours without a video."""
    mood_keep: float = 0.8
    """The mood of a visit after each video: this share stays, the rest is what the video gave."""
    leave: float = 0.028
    """Chance of leaving after a video, for usual patience at `content` mood."""
    content: float = 0.5
    """The mood at which a visit has its usual length and the habit stays as it is."""
    leave_mood: float = 3.0
    leave_streak: float = 0.12
    """Effects on the logarithm of that hazard: of a mood below the usual one, and of each skip in a row (at most 8)."""
    leave_tired: float = 0.006
    """The same for each minute of the visit."""
    pace_s: float = 0.8
    """Between two videos."""
    act_s: Numbers = (0.5, 12.0, 5.0, 1.0, 0.5, 9.0, 2.0, 6.0)
    """What each act takes."""

    often: float = 0.4
    """Visits a day where nothing pleases more or less than usual, as a share of the chances to come (`visits`)."""
    habit_slope: float = 5.0
    habit_learn: float = 0.3
    habit_most: float = 0.25
    habit_least: float = -3.5
    """After a visit the logarithm of how often the viewer comes moves by the share `learn` to `slope` times (what the
    visit gave minus `content`), kept between `least` and `most`."""
    away_min: float = 20.0
    """Nobody comes back sooner than this."""
    sent_h: float = 5.0
    """What a friend sends is looked at after so many hours on average."""
    sent_to: float = 0.4
    sent_open: float = 0.6
    """A share goes to this share of the friends, and this share of those looks at it."""

    def __post_init__(self) -> None:
        buckets, laps = len(self.edges) + 1, len(self.laps)
        if not len(self.hold) == len(self.early) == len(self.leaving) == buckets:
            raise ValueError(f"{len(self.edges)} edges need {buckets} of `hold`, `early` and `leaving`")
        if any(len(row) != laps or list(row) != sorted(row) for row in self.leaving):
            raise ValueError(f"each row of `leaving` has {laps} numbers that never fall, one for each of `laps`")
        if any(list(row) != sorted(row) for row in (self.edges, self.laps, *self.early)):
            raise ValueError("`edges`, `laps` and each row of `early` never fall")
        if any(len(row) != len(EARLY) for row in self.early):
            raise ValueError(f"each row of `early` has {len(EARLY)} numbers, one for each of {EARLY}")
        for name in ("act", "act_watched", "act_worth", "act_bait", "act_s"):
            if len(getattr(self, name)) != len(ACTS):
                raise ValueError(f"`{name}` has one number for each of {', '.join(ACTS)}")
        if len(self.stay_format) != FORMATS:
            raise ValueError(f"`stay_format` has {FORMATS} numbers, one for each format")
        for each in fields(self):
            check(each.name, getattr(self, each.name))
        if self.habit_least > self.habit_most:
            raise ValueError(f"`habit_least` is {self.habit_least}; expected at most `habit_most`, {self.habit_most}")

    def write(self, path: Path) -> None:
        """Write all parameters as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")

    @staticmethod
    def read(path: Path) -> Behaviour:
        """Parameters from JSON; those that are not in the file are the defaults. SettingsError if it has others."""
        if not path.is_file():
            raise NotFound(f"there is no file {path}")
        try:
            found = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            unknown = set(found) - {each.name for each in fields(Behaviour)}
            if unknown:
                raise ValueError(f"nothing is called {', '.join(sorted(unknown))}")
            return msgspec.convert(found, Behaviour)
        except (msgspec.MsgspecError, ValueError) as error:
            raise SettingsError(f"{path.name} has no parameters of behaviour: {error}") from error

    def packed(self) -> Any:
        """The same numbers in one record, as the kernels take them."""
        values = {each.name: np.array(getattr(self, each.name), np.float64) for each in fields(self)}
        record = np.zeros(1, np.dtype([(name, np.float64, value.shape) for name, value in values.items()]))
        for name, value in values.items():
            record[name][0] = value
        return record[0]
