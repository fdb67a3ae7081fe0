"""What can be asked of whatever serves, besides feeds: the same of the engine as of one of several processes."""

from __future__ import annotations

from abc import ABC, abstractmethod

from foryou.core.batch import Batch
from foryou.feed.serve import Ask
from foryou.pages import Pages
from foryou.serving import Feeds


class Telling(ABC):
    """Answers from the tables as they are."""

    @property
    @abstractmethod
    def feeds(self) -> Feeds:
        """What serves."""

    @abstractmethod
    def catch_up(self) -> None:
        """Before what is said of a viewer: whatever was put off for later and tells of them is done first."""

    def video(self, video: str) -> dict[str, object]:
        """What is known of a video. NotFound if it was never described, or was removed."""
        return self.feeds.video(video)

    def reach(self, video: str, language: str = "en") -> dict[str, object]:
        """How far a video has come: stages, moves with reasons, quality, sharing. NotFound as `video`."""
        return self.feeds.reach(video, language)

    def stages(self) -> list[dict[str, object]]:
        """How new videos fare as a whole: how many are in each stage, and what becomes of those that go on."""
        return self.feeds.stages()

    def how(self, language: str = "en") -> dict[str, object]:
        """How For You works, from the weights and rules in use now."""
        return self.feeds.how(language)

    @property
    def pages(self) -> Pages:
        """The pages around the feed."""
        return self.feeds.pages

    def viewer(self, viewer: str) -> dict[str, object]:
        """What is known of a viewer, in words they can check: interests, less-ofs, this week's signals."""
        self.catch_up()
        return self.feeds.viewer(viewer)

    def evidence(self, viewer: str, kind: str, name: str) -> list[dict[str, object]]:
        """What a viewer did lately that speaks for or against an author, a sound or a hashtag. InvalidEvent for
        anything else."""
        self.catch_up()
        return self.feeds.evidence(viewer, kind, name)

    def preview(self, ask: Ask, rows: Batch) -> dict[str, object]:
        """What a viewer would get if these events had come, beside what they get now; nothing comes of it."""
        return self.feeds.preview(ask, rows)
