"""Of a feed that is shorter than was asked for: what would be there if the viewer wanted anything of it."""

from __future__ import annotations

import numpy as np

from foryou.core.pipeline import Request, Trace
from foryou.core.ports import Documents, Store
from foryou.features.prefers import preferences
from foryou.feed.named import FIELD_OF, named
from foryou.feed.recipe import UNWANTED
from foryou.filters.eligible import unwanted


def withheld(store: Store, documents: Documents, request: Request, trace: Trace) -> list[dict[str, object]]:
    """What the viewer prefers nothing of (`kind`, `name`), each with how many `videos` nothing else kept back; those
    with the most first, and none without any."""
    dropped = [items for rule, items in trace.drops if rule == UNWANTED]
    if not dropped or not len(dropped[0]):
        return []
    of = store.columns("video", dropped[0], ("author", "sound", "topics"))
    about = np.concatenate([of["author"][:, None], of["sound"][:, None], of["topics"]], axis=1)
    asked = preferences(store, request.viewer_id)
    kinds = dict(zip(asked["target"].tolist(), asked["what"].tolist(), strict=True))
    counts = {
        target: int((about == target).any(axis=1).sum())
        for target in unwanted(request.viewer).tolist()
        if target in kinds
    }
    return [
        {"kind": FIELD_OF[kinds[target]], "name": named(documents, FIELD_OF[kinds[target]], target), "videos": videos}
        for target, videos in sorted(counts.items(), key=lambda each: -each[1])
        if videos
    ]
