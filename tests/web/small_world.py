"""A world small enough to know: every video is about one topic, every viewer loves one topic."""

from __future__ import annotations

import random

import clips

TOPICS = ("cats", "bread", "fjords", "chess", "bikes", "jazz")
VIDEOS = 240
AUTHORS = 40
SECONDS = 4.0
"""Every video's duration."""


def topic(video: str) -> str:
    """What a video is about; Kari's cross a fjord (`neighbours`)."""
    return "fjords" if video.startswith("k") else TOPICS[int(video[1:]) % len(TOPICS)]


def author(video: str) -> str:
    """Who made a video."""
    return {"e": "serial", "k": "kari"}.get(video[0], f"a{int(video[1:]) % AUTHORS}")


def events(now: int) -> list[dict[str, object]]:
    """Videos by 40 authors on six topics, and viewers of one taste each, who like and finish what they love.

    `now` is ms UTC; the videos are a month old and were watched nine days before it.
    """
    chance = random.Random(5)
    rows: list[dict[str, object]] = [
        {"id": f"v{i}", "kind": "video", "video": f"v{i}", "author": f"a{i % AUTHORS}", "sound": f"s{i % 70}",
         "hashtags": [TOPICS[i % len(TOPICS)]], "duration": SECONDS, "language": "en", "at": now - 40 * 86_400_000,
         "caption": f"About {TOPICS[i % len(TOPICS)]}, number {i}", "uploaded": now - 30 * 86_400_000 + i}
        for i in range(VIDEOS)
    ]  # fmt: skip
    for viewer in range(60):
        taste = viewer % len(TOPICS)
        for turn, video in enumerate(chance.sample(range(VIDEOS), 40)):
            event = {"viewer": f"u{viewer}", "video": f"v{video}", "at": now - 9 * 86_400_000 + turn * 60_000}
            loved = video % len(TOPICS) == taste
            seen = SECONDS if loved else 0.5
            rows.append({"id": f"w{viewer}-{video}", "kind": "watch", "seconds": seen, "furthest": seen, **event})
            if loved:
                rows.append({"id": f"l{viewer}-{video}", "kind": "like", **event})
    return rows


FILMED = 360
BREAKS = "f-broken"
"""The one video whose file is no video."""


def filmed(now: int) -> list[dict[str, object]]:
    """Videos that really play: every one has a clip, a poster and captions; one has a file that is none.

    Those of author `serial` are a series of three; one caption and one name try to be more than text.
    """
    names = list(clips.CLIPS)
    rows: list[dict[str, object]] = [
        {"id": f"f{i}", "kind": "video", "video": f"f{i}", "author": f"a{i % AUTHORS}", "sound": f"s{i % 70}",
         "hashtags": [TOPICS[i % len(TOPICS)]], "duration": clips.CLIPS[name], "language": "en",
         "caption": f"About {TOPICS[i % len(TOPICS)]}, number {i} <img src=x onerror=alert(1)>",
         "media": f"/media/{name}.mp4", "poster": f"/media/{name}.jpg", "subtitles": f"/media/{name}.vtt",
         "at": now - 40 * 86_400_000, "uploaded": now - 30 * 86_400_000 + i}
        for i in range(FILMED) for name in [names[i % len(names)]]
    ]  # fmt: skip
    broken = {"id": BREAKS, "video": BREAKS, "media": f"/media/{clips.BROKEN}.mp4", "caption": "It breaks"}
    serial = [
        {"id": f"e{n}", "video": f"e{n}", "author": "serial", "series": "The loaf", "episode": n} for n in (1, 2, 3)
    ]
    return [*rows, rows[0] | broken, *(rows[0] | part for part in serial)]
