"""What people, sounds and series of the demo are called: names that one can read, in place of the world's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from foryou.demo.says import phrases
from foryou.simulator.chance import Draws
from foryou.simulator.texts import grammar
from foryou.simulator.world import LANGUAGES, World, viewer_names, wire_video

_PLAIN = str.maketrans({"å": "a", "ø": "o", "æ": "ae", "ë": "e", "é": "e", "ï": "i", "ö": "o"})


@dataclass(frozen=True)
class Names:
    """`account` has the name of each account (viewers and creators have one space of names), `first` the first name
    behind it, `thing` those of sounds and series; the keys are the world's own names."""

    account: Mapping[str, str]
    first: Mapping[str, str]
    thing: Mapping[str, str]

    def told(self, row: Mapping[str, object]) -> dict[str, object]:
        """An event with these names in place of the world's."""
        return {field: self._name(field, value) for field, value in row.items()}

    def _name(self, field: str, value: object) -> object:
        if field in ("viewer", "author", "sharer"):
            return self.account.get(str(value), value)
        return self.thing.get(str(value), value) if field in ("sound", "series") else value


def names_of(world: World) -> Names:
    """The names of a world: the same for the same seed."""
    draws, account, first = Draws(world.seed), dict[str, str](), dict[str, str]()
    taken: set[str] = set()
    for viewer, own in enumerate(viewer_names(world)):
        language = LANGUAGES[world.viewers["language"][viewer]]
        first[own] = draws.one(phrases(language)["first"])
        maker = int(world.maker[viewer])
        after = str(10 + draws.below(90))
        if maker >= 0:
            leaf = world.topics.names[int(world.creators["topic"][maker].argmax())]
            after = "." + grammar(language)[leaf]["tags"][0]
        handle = plain(first[own] + after)
        while handle in taken:
            handle = plain(first[own] + after + str(1 + draws.below(99)))
        taken.add(handle)
        account[own] = handle
    return Names(account, first, _things(world, account, draws))


def _things(world: World, account: Mapping[str, str], draws: Draws) -> dict[str, str]:
    things: dict[str, str] = {}
    for number in range(len(world.videos)):
        wire = wire_video(world, number)
        author, sound, series = account[str(wire["author"])], str(wire["sound"]), wire.get("series")
        if sound not in things:
            own = int(sound[1:]) >= max(1, len(world.videos) // 10)  # of this video alone, as the world counts them
            told = phrases("en")
            shared = f"{draws.one(told['slow'])} {draws.one(told['what'])}"
            things[sound] = f"original sound – {author}" if own else shared
        if series is not None and str(series) not in things:
            leaf = grammar(str(wire["language"]))[world.topics.names[world.videos["leaf"][number]]]
            things[str(series)] = f"{draws.one(leaf['doing']).capitalize()} – {author}"
    return things


def plain(name: str) -> str:
    """A name as handles have it: small letters of every keyboard."""
    return name.lower().translate(_PLAIN).replace(" ", "")
