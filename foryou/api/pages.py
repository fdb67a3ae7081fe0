"""The routes of what lies around a feed: comments, profiles, sounds, hashtags and series."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import Parameter

from foryou.api.answers import ABSENT, BUSY, GONE, WHO
from foryou.api.asked import After, Answer, Asked, OfVideo, Rows, engine_of, public
from foryou.api.gate import caller_of
from foryou.api.observe import hashed, line_of
from foryou.api.paths import name_in
from foryou.feed.threads import Sort


@get(
    "/v1/videos/{video:str}/comments",
    sync_to_thread=True,
    responses=WHO | ABSENT | GONE | BUSY,
    summary="The comments on a video",
)
def comments(
    request: Asked,
    video: OfVideo,
    sort: Annotated[
        Sort, Parameter(description="top (liked and answered most), new, or creator (the creator's first)")
    ] = "top",
    viewer: Annotated[str, Parameter(max_length=256, description="who reads: what they liked is marked")] = "",
    parent: Annotated[str, Parameter(max_length=256, description="the answers under this comment instead")] = "",
    about: Annotated[str, Parameter(max_length=256, description="the thread of this comment comes first")] = "",
    n: Rows = 20,
    after: After = "",
) -> Answer:
    """Threads, each with its first three `replies` and how many there are (`reply_count`); `count` is of all comments
    that stand. What is pinned comes first. Whoever the viewer blocked is left out. Texts are as they were sent: a page
    shows them as text.
    """
    caller = caller_of(request.scope)
    if viewer:
        caller.act_for(viewer)
    else:
        caller.act_for_nobody()
    line_of(request.scope).viewer = hashed(viewer)
    return engine_of(request).pages.comments(name_in(video), viewer, sort, parent, about, n, after)


@get("/v1/authors/{author:str}", sync_to_thread=True, responses=WHO | ABSENT | BUSY, summary="An author's profile")
def author(
    request: Asked, author: Annotated[str, Parameter(description="the author's id")], n: Rows = 20, after: After = ""
) -> Answer:
    """Name, posts, followers, likes, `series`, and the videos, newest first; `liked_by` is the viewer to ask for what
    they like, if they let others see it."""
    return public(request).pages.author(name_in(author), n, after)


@get("/v1/sounds/{sound:str}", sync_to_thread=True, responses=WHO | ABSENT | BUSY, summary="The videos with a sound")
def sound(
    request: Asked, sound: Annotated[str, Parameter(description="the sound's id")], n: Rows = 20, after: After = ""
) -> Answer:
    """Newest first; `posts` says how many there are."""
    return public(request).pages.sound(name_in(sound), n, after)


@get(
    "/v1/hashtags/{hashtag:str}",
    sync_to_thread=True,
    responses=WHO | ABSENT | BUSY,
    summary="The videos with a hashtag",
)
def hashtag(
    request: Asked,
    hashtag: Annotated[str, Parameter(description="the hashtag, with or without #")],
    n: Rows = 20,
    after: After = "",
) -> Answer:
    """Newest first; `posts` says how many there are. Upper and lower case are the same."""
    return public(request).pages.hashtag(name_in(hashtag), n, after)


@get("/v1/series/{series:str}", sync_to_thread=True, responses=WHO | ABSENT | BUSY, summary="The videos of a series")
def series(
    request: Asked,
    series: Annotated[str, Parameter(description="the series' id")],
    episode: Annotated[int, Parameter(ge=-1, description="only what comes after this episode")] = -1,
    n: Rows = 20,
    after: After = "",
) -> Answer:
    """In the order of the episodes; `posts` says how many there are."""
    return public(request).pages.series(name_in(series), episode, n, after)


ROUTES = (comments, author, sound, hashtag, series)
