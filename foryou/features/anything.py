"""Hashtags that creators put on any video so that it is found: they say nothing of what it is about.

The page knows the same ones (`web/src/watch/topics.ts`).
"""

from __future__ import annotations

import json
from importlib.resources import files

from foryou.core.ids import id_of

ANYTHING: frozenset[int] = frozenset(
    id_of("topic", name) for name in json.loads((files(__package__) / "anything.json").read_text("utf-8"))
)
"""Their ids."""
