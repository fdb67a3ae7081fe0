"""Who meets what under an ordinary feed: the mix of tastes and qualities that a log's exposures are taken to be of.

No log tells how well its videos fitted; this stands in for it. Of three videos of any language, the best fitting one is
shown.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Column
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.chance import stream
from foryou.simulator.draws import QUIRK, normal, pair_key
from foryou.simulator.reaction import ACTS, Meeting, act_logit, held_by, risk_of, seconds_of, worth_of
from foryou.simulator.records import films, minds, people
from foryou.simulator.watching import interests, matches
from foryou.simulator.world import Sizes, make

AMONG = 3
WARM = 30
"""Videos seen before those that count: satiation has settled."""
EACH = 20
MEET = np.dtype([
    ("key", "u8"), ("viewer", "i4"), ("video", "i4"),
    *((name, "f8") for name in ("match", "satiation", "novelty", "quirk")),
])  # fmt: skip
"""What `Meeting` holds, one record an exposure."""


class Reference:
    """`count` meetings of viewers and videos; their lengths are those that are given to `lasting`."""

    def __init__(self, behaviour: Behaviour, count: int, seed: int) -> None:
        viewers = max(count // EACH, 20)
        world = make(Sizes(viewers, min(300, viewers), 6000, 14), seed)
        mind, everybody, catalogue = minds(world), people(world), films(world)
        interests(behaviour.packed(), world.topics.similarity, mind.taste, mind.interest)
        shown = _shown(behaviour, everybody, catalogue, mind.content, mind.interest, seed)
        self._rows = np.zeros(viewers * EACH, MEET)
        _met(behaviour.packed(), np.uint64(seed), shown, mind, self._rows)
        self._rows["match"] = matches(
            behaviour.packed(), catalogue, everybody, mind.content, mind.interest,
            self._rows["viewer"], self._rows["video"],
        )  # fmt: skip
        self._films = catalogue[self._rows["video"]]
        for name in ("set_hook", "set_finish", "set_like"):
            self._films[name] = np.nan
        self.offsets = np.ascontiguousarray(everybody["offsets"][self._rows["viewer"]])

    def __len__(self) -> int:
        return len(self._rows)

    def lasting(self, durations: Column, seed: int) -> None:
        """Give the videos lengths (seconds), drawn from these."""
        self._films["duration"] = stream(seed, "lasting").choice(durations, len(self._films))

    @property
    def duration(self) -> Column:
        """[exposures] seconds."""
        return np.asarray(self._films["duration"], np.float64)

    def holds(self, behaviour: Behaviour) -> tuple[Column, Column, Column]:
        """What each meeting adds to the log-odds of staying, its hazard of leaving, and what it is worth."""
        held: tuple[Column, Column, Column] = _holds(behaviour.packed(), self._films, self._rows)
        return held

    def seconds(self, behaviour: Behaviour) -> Column:
        """How long each is watched."""
        return np.asarray(_seconds(behaviour.packed(), self._films, self._rows))

    def logits(self, behaviour: Behaviour, share: Column, worth: Column) -> Column:
        """[exposures, acts]: log-odds of each act."""
        return np.asarray(_logits(behaviour.packed(), self._films, self.offsets, share, worth))


def _shown(
    behaviour: Behaviour, everybody: Column, catalogue: Column, content: Column, interest: Column, seed: int
) -> Column:
    """[viewers, WARM + EACH]: the best of three, again and again."""
    rng, viewers = stream(seed, "reference"), len(everybody)
    among = rng.integers(0, len(catalogue), (viewers, WARM + EACH, AMONG)).astype(np.int32)
    who = np.repeat(np.arange(viewers, dtype=np.int32), (WARM + EACH) * AMONG)
    match = matches(behaviour.packed(), catalogue, everybody, content, interest, who, among.ravel())
    best = match.reshape(among.shape).argmax(2)
    return np.take_along_axis(among, best[:, :, None], axis=2)[:, :, 0]


@njit(cache=True, nogil=True)
def _met(n, seed, shown, minds, rows):  # type: ignore[no-untyped-def]
    count = 0
    for v in range(shown.shape[0]):
        for i in range(shown.shape[1]):
            video = shown[v, i]
            satiation, novelty = 0.0, 0.0
            for t in range(minds.satiation.shape[1]):
                of, had = minds.content[video, t], minds.satiation[v, t]
                satiation += of * had
                novelty += of * max(minds.taste[v, t] - had, 0.0)
                minds.satiation[v, t] = n.keep * had + (1.0 - n.keep) * of
            if i >= WARM:
                key = pair_key(seed, v, video)
                rows[count].key, rows[count].viewer, rows[count].video = key, v, video
                rows[count].satiation, rows[count].novelty = satiation, novelty
                rows[count].quirk = normal(key, QUIRK)
                count += 1


@njit(cache=True, nogil=True)
def _meeting(row):  # type: ignore[no-untyped-def]
    return Meeting(row.key, row.match, row.satiation, row.novelty, False, False, row.quirk)


@njit(cache=True, nogil=True)
def _holds(n, films, rows):  # type: ignore[no-untyped-def]
    held, risk, worth = np.empty(len(rows)), np.empty(len(rows)), np.empty(len(rows))
    for i in range(len(rows)):
        meeting = _meeting(rows[i])
        held[i] = held_by(n, films, i, meeting)
        risk[i] = risk_of(n, films, i, meeting)
        worth[i] = worth_of(n, films, i, meeting)
    return held, risk, worth


@njit(cache=True, nogil=True)
def _seconds(n, films, rows):  # type: ignore[no-untyped-def]
    seconds = np.empty(len(rows))
    for i in range(len(rows)):
        seconds[i] = seconds_of(n, films, i, _meeting(rows[i]))
    return seconds


@njit(cache=True, nogil=True)
def _logits(n, films, offsets, share, worth):  # type: ignore[no-untyped-def]
    found = np.empty((len(share), ACTS))
    for i in range(len(share)):
        for act in range(ACTS):
            found[i, act] = act_logit(n, films, i, offsets[i], act, share[i], worth[i])
    return found
