"""What changes in a feed if something is asked of it: two slates side by side."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.errors import InvalidEvent
from foryou.core.event import STEERING, Kind

SHOWN = 12
"""Videos of each slate."""
CONTROLS = (
    *STEERING,
    *(Kind.VIEWER, Kind.HIDE, Kind.UNHIDE, Kind.BLOCK, Kind.UNBLOCK, Kind.FOLLOW, Kind.UNFOLLOW),
    *(Kind.NOT_INTERESTED, Kind.INTERESTED, Kind.SEEN),
)
"""The kinds of event by which a viewer changes their feed on purpose."""


def check(rows: Batch) -> None:
    """InvalidEvent for events that are no controls."""
    other = rows["kind"][~np.isin(rows["kind"], CONTROLS)].tolist()
    if other:
        known = ", ".join(kind.wire for kind in CONTROLS)
        raise InvalidEvent("kind", f"{Kind(other[0]).wire} is no control of a feed", f"one of {known}")


def told(
    now: list[dict[str, object]], then: list[dict[str, object]], withheld: list[dict[str, object]]
) -> dict[str, object]:
    """The items as they would be, each with whether it is not among those of now (`added`); those of now that would
    not be there (`removed`); and, where there are too few, what is `withheld` because nothing is wanted of it."""
    before, after = ({item["video"] for item in items} for items in (now, then))
    return {
        "items": [{**item, "added": item["video"] not in before} for item in then],
        "removed": [item for item in now if item["video"] not in after],
        "withheld": withheld,
    }
