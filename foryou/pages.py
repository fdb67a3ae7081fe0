"""What the pages around the feed show: comments, profiles, sounds, hashtags, series, shelves and inboxes.

It reads tables and documents, wherever they are written.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.errors import NotFound
from foryou.core.ids import id_of
from foryou.core.ports import Documents, Store
from foryou.features.comments import creator_of
from foryou.feed import alike, engagement, inbox, marks, pages, threads
from foryou.feed.threads import Sort


def there(store: Store, video: str) -> int:
    """The id of a video. NotFound if it was never described, or was removed."""
    number = id_of("video", video)
    state = store.columns("video", np.array([number], np.int64), ("known", "removed"))
    if not state["known"][0] or state["removed"][0]:
        raise NotFound(f"there is no video {video!r}", gone=bool(state["removed"][0]))
    return number


@dataclass(frozen=True, slots=True)
class Pages:
    """Every page takes how many rows, and the cursor `after` which they come ("": from the first on)."""

    store: Store
    documents: Documents

    def comments(
        self, video: str, viewer: str, sort: Sort, parent: str, about: str, n: int, after: str
    ) -> dict[str, object]:
        """The threads of a video as a viewer sees them, that of the comment `about` first, or the answers under one
        comment. NotFound as `there`."""
        number, who = there(self.store, video), threads.reader(self.store, self.documents, viewer)
        if parent:
            return threads.answers(self.store, self.documents, number, parent, who, n, after)
        return threads.threads(self.store, self.documents, number, who, sort, about, n, after)

    def author(self, author: str, n: int, after: str) -> dict[str, object]:
        """An author's profile. NotFound if there is none."""
        return pages.author(self.store, self.documents, author, n, after)

    def sound(self, sound: str, n: int, after: str) -> dict[str, object]:
        """The videos with a sound. NotFound if there are none."""
        return pages.sound(self.store, self.documents, sound, n, after)

    def hashtag(self, hashtag: str, n: int, after: str) -> dict[str, object]:
        """The videos with a hashtag. NotFound if there are none."""
        return pages.hashtag(self.store, self.documents, hashtag, n, after)

    def series(self, series: str, episode: int, n: int, after: str) -> dict[str, object]:
        """The videos of a series after an episode. NotFound if there is none of that name."""
        return pages.series(self.store, self.documents, series, episode, n, after)

    def liked(self, viewer: str, n: int, after: str) -> dict[str, object]:
        """The videos that a viewer likes."""
        return pages.liked(self.store, self.documents, viewer, n, after)

    def is_liked_public(self, viewer: str) -> bool:
        """Whether a viewer lets others see what they like."""
        return pages.is_liked_public(self.documents, viewer)

    def saved(self, viewer: str, collection: str | None, n: int, after: str) -> dict[str, object]:
        """The videos that a viewer saved, or those of one collection."""
        return pages.saves(self.store, self.documents, viewer, collection, n, after)

    def collections(self, viewer: str) -> dict[str, object]:
        """The collections of a viewer."""
        return pages.collections(self.store, self.documents, viewer)

    def inbox(self, viewer: str, n: int, after: str) -> dict[str, object]:
        """What others did that a viewer wants to hear of."""
        return inbox.inbox(self.store, self.documents, viewer, n, after)

    def marks(self, viewer: str) -> dict[str, list[str]]:
        """What a viewer likes, saved, follows and turned down, the latest last."""
        return marks.marks(self.store, self.documents, viewer)

    def suggestions(self, viewer: str, n: int, at: int) -> list[dict[str, object]]:
        """Creators whom people like a viewer follow, as of `at` (ms)."""
        return alike.suggestions(self.store, self.documents, viewer, n, at)

    def engagement(self, viewer: str) -> dict[str, object]:
        """What a viewer takes part in beside what they post about."""
        return engagement.engagement(self.store, self.documents, viewer)

    def author_of(self, viewer: str) -> tuple[str, int]:
        """As which author a viewer posts, and how many videos they have."""
        return pages.author_of(self.store, self.documents, viewer)

    def made(self, viewer: str, video: str) -> bool:
        """Whether a viewer is the author of a video."""
        return creator_of(self.store, id_of("video", video)) == id_of("viewer", viewer) != 0
