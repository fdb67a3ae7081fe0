"""The table of everything the model is told, each input with its factor family: what is not here, it cannot use.

Read by the hydrators (which fill the columns), the model (which builds itself from the table), the explanations (which
group by family) and the docs. Follower counts and a creator's view counts are not here, and a test keeps it so (NO-08).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal[
    "behaviour",
    "engagement",
    "completion",
    "information",
    "quality",
    "trend",
    "similar",
    "usage",
    "demographics",
    "device",
]

FAMILIES: dict[str, str] = {
    "behaviour": "your behaviour and preferences",
    "engagement": "likes, comments, shares and saves that the video gets",
    "completion": "how far it is watched, and its first seconds",
    "information": "what the video is: author, sound, hashtags, length, language",
    "quality": "picture quality, reports and not-interesteds",
    "trend": "trend and freshness",
    "similar": "similar viewers and follows",
    "usage": "when and how often you use the app",
    "demographics": "age band, gender and country, where given",
    "device": "device and language settings",
}

Side = Literal["viewer", "item"]
InputKind = Literal["id", "dense"]


@dataclass(frozen=True, slots=True)
class Input:
    """One column that the model reads: an id (or `width` ids, 0 = none) to embed, or `width` numbers around [-3, 3]."""

    name: str
    side: Side
    kind: InputKind
    family: Family
    help: str
    width: int = 1


RATES: tuple[str, ...] = (
    "long_view",
    "finish",
    "skip",
    "watch",
    "like",
    "comment",
    "share",
    "save",
    "follow",
    "visit",
    "not_interested",
    "report",
)
"""The outcomes whose smoothed rates are inputs: one per head, in this order wherever a `*_rates` array is split."""

EFFECTS: tuple[str, ...] = ("long_view", "finish", "skip", "like")
"""The outcomes whose causes are told apart: one column for each in every `*_effects` input."""

INPUTS: tuple[Input, ...] = (
    # ids to embed
    Input("viewer", "viewer", "id", "behaviour", "the viewer"),
    Input("viewer_language", "viewer", "id", "device", "language of the app"),
    Input("device", "viewer", "id", "device", "device class"),
    Input("age", "viewer", "id", "demographics", "age band"),
    Input("gender", "viewer", "id", "demographics", "gender"),
    Input("country", "viewer", "id", "demographics", "country"),
    Input("surface", "viewer", "id", "usage", "which feed"),
    Input("hour", "viewer", "id", "usage", "hour of the day where the viewer is, 1-24"),
    Input("weekday", "viewer", "id", "usage", "day of the week where the viewer is, 1-7"),
    Input("item", "item", "id", "information", "the video"),
    Input("author", "item", "id", "information", "who made it"),
    Input("sound", "item", "id", "information", "its sound"),
    Input("topics", "item", "id", "information", "its hashtags", 8),
    Input("language", "item", "id", "information", "its language"),
    Input("length", "item", "id", "information", "length bucket, 1-7"),
    Input("format", "item", "id", "information", "upright, square or wide; 1-3"),
    # numbers
    Input(
        "viewer_rates",
        "viewer",
        "dense",
        "behaviour",
        "how often this viewer does each of RATES, logit against all",
        12,
    ),
    Input(
        "viewer_effects", "viewer", "dense", "behaviour", "what this viewer adds to the log-odds of each of EFFECTS", 4
    ),
    Input("surface_effects", "viewer", "dense", "usage", "what this feed adds to the log-odds of each of EFFECTS", 4),
    Input("viewer_known", "viewer", "dense", "behaviour", "log of how much is known of the viewer"),
    Input("depth", "viewer", "dense", "usage", "log of videos already seen this session"),
    Input("gap", "viewer", "dense", "usage", "log of hours since the last visit"),
    Input("sessions", "viewer", "dense", "usage", "log of sessions so far"),
    Input("interest_topic", "item", "dense", "behaviour", "signed interest in its topics: mean, highest, lowest", 3),
    Input("interest_author", "item", "dense", "behaviour", "signed interest in its author"),
    Input("interest_sound", "item", "dense", "behaviour", "signed interest in its sound"),
    Input("interest_format", "item", "dense", "behaviour", "signed interest in its format"),
    Input("interest_length", "item", "dense", "behaviour", "signed interest in its length"),
    Input("interest_language", "item", "dense", "behaviour", "signed interest in its language"),
    Input(
        "interest_evidence", "item", "dense", "behaviour", "log of evidence behind the topic and author interests", 2
    ),
    Input(
        "lift_topic",
        "item",
        "dense",
        "behaviour",
        "log-odds of a long view that nothing but this viewer with its topics explains: mean, highest",
        2,
    ),
    Input("lift_author", "item", "dense", "behaviour", "the same of this viewer with its author"),
    Input("lift_sound", "item", "dense", "behaviour", "the same of this viewer with its sound"),
    Input("lift_length", "item", "dense", "behaviour", "the same of this viewer with its length"),
    Input("lift_surface", "item", "dense", "usage", "the same of this viewer with this feed"),
    Input("rejected", "item", "dense", "behaviour", "1 - 2^-(not-interesteds on its topics or author)"),
    Input(
        "engagement_rates",
        "item",
        "dense",
        "engagement",
        "smoothed rates of like, comment, share, save, follow, visit",
        6,
    ),
    Input("completion_rates", "item", "dense", "completion", "smoothed rates of long_view, finish, skip, watch", 4),
    Input(
        "completion_effects",
        "item",
        "dense",
        "completion",
        "what the video adds to the log-odds of a long view, a finish and a skip, whoever sees it where",
        3,
    ),
    Input("engagement_effect", "item", "dense", "engagement", "what the video adds to the log-odds of a like"),
    Input(
        "placed_effects",
        "item",
        "dense",
        "completion",
        "what the video on this feed adds to the log-odds of each of EFFECTS",
        4,
    ),
    Input("effect_evidence", "item", "dense", "trend", "log of how much is known of the video's effects"),
    Input(
        "author_effects", "item", "dense", "information", "what the author adds to the log-odds of each of EFFECTS", 4
    ),
    Input("sound_effects", "item", "dense", "information", "what the sound adds to them", 4),
    Input("topic_effects", "item", "dense", "information", "what its topics together add to them", 4),
    Input("length_effects", "item", "dense", "information", "what its length adds to them", 4),
    Input("author_rates", "item", "dense", "information", "the author's smoothed long_view, skip and like rates", 3),
    Input("sound_rates", "item", "dense", "information", "the sound's smoothed long_view, skip and like rates", 3),
    Input("topic_rates", "item", "dense", "information", "the topics' mean smoothed long_view, skip and like rates", 3),
    Input("duration", "item", "dense", "information", "log of seconds"),
    Input("quality", "item", "dense", "quality", "picture height (log), smoothed not_interested and report rates", 3),
    Input("recent_rates", "item", "dense", "trend", "one-day long_view and like rates against the long-term ones", 2),
    Input("velocity", "item", "dense", "trend", "log of how much busier the last hour and day are than usual", 2),
    Input("age_h", "item", "dense", "trend", "log of hours since upload"),
    Input("similar", "item", "dense", "similar", "co-engagement with recent positives: highest, mean", 2),
    Input(
        "speaks",
        "item",
        "dense",
        "device",
        "1: in the language of the app, -1: in another; fades as the viewer gets known with that language",
    ),
    Input("follows", "item", "dense", "similar", "1 if the viewer follows the author"),
    Input(
        "text_fit",
        "item",
        "dense",
        "behaviour",
        "likeness of its text to the viewer's positives, to their negatives, and to the nearest recent positive",
        3,
    ),
    Input(
        "response_text",
        "item",
        "dense",
        "behaviour",
        "what the viewer made of their latest videos with texts like its own, against all of these",
    ),
    Input("has_text", "item", "dense", "information", "1 if it has a caption, hashtags or a description"),
)

HISTORY = 50
"""How many of a viewer's latest exposures the model reads."""

HISTORY_COLUMNS: tuple[str, ...] = (
    "history_item",
    "history_author",
    "history_topics",
    "history_flags",
    "history_seconds",
    "history_at",
)
"""Viewer columns `[viewers, HISTORY]` (history_topics: `[viewers, HISTORY * 3]`, the first three of each), latest
first; item 0 where there is none. history_flags is a bit mask over OUTCOME_BITS; history_at is ms UTC."""

OUTCOME_BITS: dict[str, int] = {
    name: 1 << bit
    for bit, name in enumerate(
        (
            "impression",
            "watch",
            "measured",
            "long_view",
            "finish",
            "skip",
            "like",
            "comment",
            "share",
            "save",
            "follow",
            "visit",
            "not_interested",
            "report",
        )
    )
}
POSITIVE_BITS = sum(
    OUTCOME_BITS[name] for name in ("long_view", "finish", "like", "comment", "share", "save", "follow")
)
NEGATIVE_BITS = sum(OUTCOME_BITS[name] for name in ("skip", "not_interested", "report"))
