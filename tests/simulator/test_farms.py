"""Bought likes come soon after a video of who buys them, and from nobody who watches."""

from __future__ import annotations

import numpy as np

from foryou.core.clock import DAY, HOUR
from foryou.simulator.creators import BUYS_LIKES
from foryou.simulator.farms import ACCOUNTS, BOUGHT, Farm, farmed
from foryou.simulator.world import Sizes, World, make


def world() -> World:
    made = make(Sizes(viewers=200, creators=100, videos=1000), 1)
    assert (made.creators["kind"] == BUYS_LIKES).any()
    return made


def test_accounts_like_what_is_out_once_and_look_briefly() -> None:
    made = farmed(world())
    farm = Farm(made)
    bought = np.flatnonzero(
        (made.creators["kind"][made.videos["creator"]] == BUYS_LIKES) & (made.videos["uploaded"] > made.start)
    )
    assert len(farm.due(made.start + DAY)) == 0
    farm.published(bought[:3], made.start)
    early, rest = farm.due(made.start + 2 * HOUR), farm.due(made.start + 2 * DAY)
    assert len(early) > len(rest) > 0 and len(farm.due(made.start + 3 * DAY)) == 0
    assert set(early["video"].tolist()) <= set(bought[:3].tolist())
    assert 0.4 < (len(early) + len(rest)) / (3 * ACCOUNTS) < BOUGHT + 0.2
    assert early["like"].all() and early["seconds"].max() < 2 and (np.diff(early["at"]) >= 0).all()
    assert (made.viewers["joined"][early["viewer"]] > made.start + 1000 * DAY).all()


def test_where_nobody_sells_nothing_is_bought() -> None:
    made = world()
    farm = Farm(made)
    farm.published(np.arange(len(made.videos)), made.start)
    assert len(farm.due(made.start + DAY)) == 0
