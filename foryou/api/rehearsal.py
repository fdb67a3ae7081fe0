"""A small engine in memory goes through what people ask for, so that nobody waits for a compiler.

What computes is compiled when it is first called, once on a machine, which takes a minute or two; it is kept on disk,
and a later start only loads it. Nothing of the rehearsal stays but a note that it was, beside what was compiled.
"""

from __future__ import annotations

import logging
import platform
import sys
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import numba

import foryou
from foryou.api import calls
from foryou.api.decode import from_objects
from foryou.app import Engine
from foryou.core.clock import DAY, HOUR, SECOND, ManualClock
from foryou.feed.recipe import SURFACES, FeedSettings
from foryou.feed.serve import Ask
from foryou.rerankers.slots import fill
from foryou.settings import DataSettings, Settings

_VIDEOS = 40
_FEW = FeedSettings(ranked=20, considered=1.0)
"""More videos than are ranked, and every slate with all that it was chosen from: all that may happen does."""
_START = 1_700_000_000_000
_Row = dict[str, object]
_ACTS: tuple[_Row, ...] = (
    {"kind": "viewer", "age": "25-34", "gender": "x", "country": "NL", "language": "en", "novelty": 0.5, "niche": 0.5,
     "length": 0.5, "languages": ["en"], "name": "Ada", "time_zone": "Europe/Oslo"},
    {"kind": "comment", "video": "v1", "text": "nice", "comment": "c1"},
    {"kind": "comment", "video": "v1", "text": "yes", "parent": "c1"},
    {"kind": "like_comment", "video": "v1", "comment": "c1"},
    {"kind": "share", "video": "v1"},
    {"kind": "save", "video": "v1", "collection": "good"},
    {"kind": "follow", "author": "a1"},
    {"kind": "visit", "author": "a1"},
    {"kind": "search", "text": "tag1"},
    {"kind": "not_interested", "video": "v2"},
    {"kind": "interested", "video": "v2"},
    {"kind": "not_interested", "video": "v3", "about": "topic"},
    {"kind": "seen", "video": "v4"},
    {"kind": "report", "video": "v5"},
    {"kind": "hide", "word": "spoiler"},
    {"kind": "hide", "hashtag": "none"},
    {"kind": "block", "author": "nobody"},
    {"kind": "prefer", "hashtag": "tag1", "strength": 2},
    {"kind": "forget", "hashtag": "tag2"},
    {"kind": "forget", "video": "v1"},
    {"kind": "snapshot", "name": "then"},
    {"kind": "refresh"},
    {"kind": "restore", "name": "then"},
)  # fmt: skip


_LOG = logging.getLogger("foryou")


def once(told: Callable[[int, int], None]) -> None:
    """Rehearse, unless that was done on this machine with this version of everything."""
    note = _note()
    if note.exists():
        return
    rehearse(told)
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch()
    except OSError as problem:  # the next start rehearses again, and loads what there is
        _LOG.warning("cannot note that everything was compiled: %s", problem)


def _note() -> Path:
    """The file that says so. It is named like what is compiled, so that whoever deletes that deletes it too."""
    package = Path(foryou.__file__).parent
    files = [(str(file), (about := file.stat()).st_mtime_ns, about.st_size) for file in sorted(package.rglob("*.py"))]
    with_ = (numba.__version__, sys.version, platform.processor(), files)
    return Path(fill.stats.cache_path) / f"rehearsed-{blake2b(repr(with_).encode(), digest_size=8).hexdigest()}.nbi"


def rehearse(told: Callable[[int, int], None]) -> None:
    """Compile, or load, whatever serving takes; `told` hears how many steps are done, and of how many."""
    clock = ManualClock(_START)
    engine = Engine.open(Settings(data=DataSettings("memory:"), feed=_FEW), clock)
    try:
        for done, step in enumerate(_STEPS):
            told(done, len(_STEPS))
            step(engine, clock)
        told(len(_STEPS), len(_STEPS))
    finally:
        engine.close()


def _sends(engine: Engine, at: int, rows: Iterator[_Row] | tuple[_Row, ...], viewer: str | None = "ada") -> None:
    whose = {} if viewer is None else {"viewer": viewer}
    events = [{"id": f"{at}-{n}", "at": at, **whose, **row} for n, row in enumerate(rows)]
    receipt, _ = calls.accept(engine, from_objects(events))
    assert not receipt.refused, receipt.refused


def _videos(engine: Engine, clock: ManualClock) -> None:
    rows = (
        {"kind": "video", "video": f"v{n}", "author": f"a{n % 7}", "sound": f"s{n % 5}", "duration": 5.0 + n,
         "hashtags": [f"tag{n % 3}", "all"], "language": "en", "caption": f"Number {n} of tag{n % 3}", "series": "all",
         "episode": n + 1, "uploaded": clock.at - n * HOUR}
        for n in range(_VIDEOS)
    )  # fmt: skip
    _sends(engine, clock.at, rows, viewer=None)


def _watching(engine: Engine, clock: ManualClock) -> None:
    for viewer in ("ada", "bob", "cleo"):
        for n in range(12):
            clock.forward(SECOND)
            watched: tuple[_Row, ...] = (
                {"kind": "impression", "video": f"v{n}", "session": "one", "device_id": "phone"},
                {"kind": "watch", "video": f"v{n}", "seconds": 20.0 * (n % 2), "furthest": 5.0, "session": "one"},
                {"kind": "like" if n % 3 else "unlike", "video": f"v{n}"},
            )
            _sends(engine, clock.at, watched, viewer)


def _acting(engine: Engine, clock: ManualClock) -> None:
    clock.forward(SECOND)
    _sends(engine, clock.at, _ACTS)


def _feeds(engine: Engine, clock: ManualClock) -> None:
    for surface in (*SURFACES, "for_you"):
        clock.forward(SECOND)
        ask = Ask("ada", 10, surface, "two", "phone", "en", "NL", "Europe/Oslo")
        served = engine.feed(ask)
        rows = [
            {"kind": kind, "video": item["video"], "request": served.request, "session": "two", "surface": surface,
             "position": place, **more}
            for place, item in enumerate(served.items)
            for kind, more in (("impression", {}), ("watch", {"seconds": 6.0}))
        ]  # fmt: skip
        _sends(engine, clock.at, tuple(rows))
        for item in served.items[:1]:
            engine.explain(served.request, str(item["video"]))


def _learning(engine: Engine, clock: ManualClock) -> None:
    for kind in ("like", "save"):  # of what was learned without it: that is put right
        clock.forward(HOUR)
        while engine.work():
            pass
        rows: tuple[_Row, ...] = tuple({"kind": kind, "video": f"v{n}"} for n in range(12, _VIDEOS))
        _sends(engine, clock.at, rows)
    clock.forward(DAY)
    while engine.work():
        pass
    engine.publish()


def _telling(engine: Engine, clock: ManualClock) -> None:
    engine.viewer("ada")
    engine.evidence("ada", "hashtag", "tag1")
    engine.video("v1")
    engine.reach("v1")
    engine.how()
    engine.owned("ada", 0, 100)
    engine.status()


def _trying(engine: Engine, clock: ManualClock) -> None:
    for wished in ((), _ACTS[-6:-4], ({"kind": "viewer", "novelty": -1},), ({"kind": "hide", "hashtag": "tag1"},)):
        calls.preview(engine, Ask("ada", 12), wished)


_STEPS = (_videos, _watching, _acting, _feeds, _learning, _feeds, _telling, _trying)
