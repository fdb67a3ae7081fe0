"""Videos as a page shows them: what was said of them, what came of them in exact numbers, which episode is next, and
what they answer."""

from __future__ import annotations

import numpy as np

from foryou.core.event import Kind
from foryou.core.ids import NONE, id_of
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Documents, Keys, Store
from foryou.features import lists
from foryou.features.accounts import account_of
from foryou.features.answers import answers
from foryou.features.comments import COMMENT, DISCUSSED
from foryou.features.counters import TOTAL
from foryou.features.documents import called, cards, comments_of, people

COUNTED = {"likes": "like", "shares": "share", "saves": "save", "views": "watch"}
"""The names of exact counts, and the outcomes that they count."""
_AT = {name: list(OUTCOME_BITS).index(outcome) for name, outcome in COUNTED.items()}
QUOTED = 120
"""Characters of a comment that a video shows which answers it."""
_FOLLOW = list(OUTCOME_BITS).index("follow")


def counts(store: Store, video: Keys) -> list[dict[str, int]]:
    """How often each video is liked, commented (comments that can be read), shared, saved and watched by now, in the
    log; what was taken back does not count."""
    raw = store.columns(TOTAL.name, video, ("raw",))["raw"]
    comments = store.columns(DISCUSSED.name, video, ("count",))["count"].tolist()
    columns = {name: raw[:, at].tolist() for name, at in _AT.items()}
    return [
        {**{name: max(values[row], 0) for name, values in columns.items()}, "comments": max(written, 0)}
        for row, written in enumerate(comments)
    ]


def standing_of(store: Store, author: int) -> dict[str, int]:
    """How many follow an author, and how many likes their videos have."""
    raw = store.columns(TOTAL.name, np.array([author], np.int64), ("raw",))["raw"][0]
    return {"followers": max(int(raw[_FOLLOW]), 0), "likes": max(int(raw[_AT["likes"]]), 0)}


def next_episodes(store: Store, video: Keys) -> dict[int, int]:
    """The video that comes after each in its series, where there is one."""
    of = store.columns("video", video, ("series", "episode"))
    found: dict[int, int] = {}
    for place in np.flatnonzero(of["series"]).tolist():
        series, episode = int(of["series"][place]), int(of["episode"][place])
        there = episodes(store, series)
        number = store.columns("video", there, ("episode",))["episode"]
        later = np.flatnonzero(number > episode)
        if len(later):
            found[int(video[place])] = int(there[later[np.argmin(number[later])]])
    return found


def episodes(store: Store, series: int) -> Keys:
    """The videos that are in a series now."""
    there = lists.whole(store, lists.EPISODES, series)
    rows = store.columns("video", there, ("series", "known", "removed"))
    return np.asarray(there[(rows["series"] == series) & (rows["known"] == 1) & (rows["removed"] == 0)])


def shown(store: Store, documents: Documents, video: Keys, viewer: int = NONE) -> list[dict[str, object]]:
    """The videos as they were described, each with its `counts`, its `next_episode` where there is one, and what it
    `answers` (of a comment by whom the viewer blocked, nothing)."""
    ids = video.tolist()
    told = cards(documents, ids)
    for card, counted in zip(told, counts(store, video), strict=True):
        card["counts"] = counted
    after = next_episodes(store, video)
    if after:
        named = dict(zip(after, cards(documents, list(after.values())), strict=True))
        for number, card in zip(ids, told, strict=True):
            if number in named:
                card["next_episode"] = named[number].get("video")
    answered = _answered(store, documents, video, viewer)
    for number, card in zip(ids, told, strict=True):
        if number in answered:
            card["answers"] = answered[number]
    return told


def _answered(store: Store, documents: Documents, video: Keys, viewer: int) -> dict[int, dict[str, object]]:
    """What each video answers: the video that was commented (`video`, `author`), and where it answers a comment, that
    (`comment`), who wrote it (`name`) and its first words (`text`)."""
    found = answers(store, video)
    if not len(found):
        return {}
    writer = store.columns(COMMENT.name, found["comment"], ("viewer",))["viewer"]
    readable = (found["comment"] != 0) & ~np.isin(writer, blocked(store, documents, viewer))
    sources, said = cards(documents, found["under"].tolist()), comments_of(documents, found["comment"].tolist())
    told: dict[int, dict[str, object]] = {}
    for place, (number, source, comment, person) in enumerate(
        zip(found["video"].tolist(), sources, said, people(documents, writer.tolist()), strict=True)
    ):
        told[number] = {"video": source.get("video"), "author": source.get("author")}
        if readable[place] and comment.get("text"):
            text = str(comment["text"])
            short = text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…"
            told[number] |= {"comment": comment["id"], "name": called({**comment, **person}), "text": short}
    return told


def blocked(store: Store, documents: Documents, viewer: int) -> Keys:
    """The viewers of whom a viewer wants to see nothing."""
    author = lists.standing(store, viewer, Kind.BLOCK)
    names = [found.decode() for found in documents.get("author", author.tolist()) if found]
    of_name = np.array([id_of("viewer", name) for name in names], np.int64)
    return np.concatenate([account_of(store, author), of_name]) if len(author) else author
