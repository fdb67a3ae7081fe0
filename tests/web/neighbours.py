"""People in the small world: a creator with a series, and viewers who comment, like, follow and answer."""

from __future__ import annotations

MINUTE = 60_000
SERIES = "Fjord crossing"
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> nice'
"""What tries to be more than text: a comment, a caption and a name."""


def events(now: int) -> list[dict[str, object]]:
    """Kari's five videos, of which the first is talked about; Ida asked something and was answered. `now` is ms UTC."""
    said: list[dict[str, object]] = [
        *(
            {"kind": "video", "video": f"k{n}", "author": "kari", "series": SERIES, "episode": n, "duration": 4.0,
             "hashtags": ["fjords", "rowing"], "sound": "waves", "language": "en",
             "caption": f"Across, part {n}" if n < 5 else HOSTILE, "uploaded": now - 30 * 86_400_000 + n}
            for n in range(1, 6)
        ),
        {"kind": "viewer", "viewer": "kari", "author": "kari", "name": "Kari Nordmann", "liked_public": True},
        {"kind": "viewer", "viewer": "ida", "name": "Ida"},
        {"kind": "viewer", "viewer": "mallory", "name": "<b onclick=alert(1)>Mallory</b>"},
        {"kind": "like", "viewer": "kari", "video": "v7"},
        {"kind": "comment", "viewer": "ida", "video": "k1", "text": "Which lens is that?", "comment": "asked"},
        {"kind": "comment", "viewer": "mallory", "video": "k1", "text": HOSTILE, "comment": "hostile"},
        {"kind": "comment", "viewer": "tom", "video": "k1", "text": "How cold was it?", "comment": "cold"},
        {"kind": "comment", "viewer": "kari", "video": "k1", "text": "A 35 mm", "parent": "asked", "reply_video": "k2"},
        {"kind": "like_comment", "viewer": "tom", "video": "k1", "comment": "asked"},
        *({"kind": "follow", "viewer": f"fan{n}", "author": "kari"} for n in range(3)),
    ]  # fmt: skip
    return [{"id": f"n{n}", "at": now - (40 - n) * MINUTE, **event} for n, event in enumerate(said)]
