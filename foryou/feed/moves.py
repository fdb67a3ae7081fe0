"""What happened to a video on its way to more people, in words: English, Dutch and Norwegian."""

from __future__ import annotations

from collections.abc import Mapping

from foryou.features.stages import Reason

_MOVES: Mapping[str, Mapping[Reason, str]] = {
    "en": {
        Reason.PUBLISHED: "Published: it looks for a first audience of {size}.",
        Reason.OLD: "It was old when it came here, so it is not tested; what is seen of it may still lift it.",
        Reason.ABOVE: "After {n} viewers its quality is {value} (at least {low}), above {threshold}, {bar}: it is "
        "shown to {size} more.",
        Reason.BELOW: "After {n} viewers its quality is {value} (at most {high}); three quarters of the others "
        "are above {threshold}. No more viewers are looked for.",
        Reason.FULL: "{n} viewers saw it, and its quality is {value} ({low} to {high}): not surely above {threshold}, "
        "{bar}. No more viewers are looked for.",
        Reason.EXPIRED: "Its time is over after {n} viewers, with a quality of {value} ({low} to {high}): not surely "
        "above {threshold}, {bar}.",
        Reason.CHANCE: "It goes on by chance, as a set share of videos does, so that it is known what is stopped too "
        "early; its quality after {n} viewers is {value}.",
        Reason.RISEN: "What was seen of it since lifts it: {value} (at least {low}) after {n} viewers, above "
        "{threshold}, {bar}: it is shown to {size} more.",
    },
    "nl": {
        Reason.PUBLISHED: "Geplaatst: hij zoekt een eerste publiek van {size}.",
        Reason.OLD: "Hij was al oud toen hij hier kwam en wordt niet getest; wat ervan gezien wordt kan hem nog omhoog "
        "brengen.",
        Reason.ABOVE: "Na {n} kijkers is zijn kwaliteit {value} (minstens {low}), boven {threshold}, {bar}: hij gaat "
        "naar {size} meer.",
        Reason.BELOW: "Na {n} kijkers is zijn kwaliteit {value} (hoogstens {high}); drie kwart van de andere ligt "
        "boven {threshold}. Er worden geen kijkers meer gezocht.",
        Reason.FULL: "{n} kijkers hebben hem gezien en zijn kwaliteit is {value} ({low} tot {high}): niet zeker boven "
        "{threshold}, {bar}. Er worden geen kijkers meer gezocht.",
        Reason.EXPIRED: "Zijn tijd is om na {n} kijkers, met een kwaliteit van {value} ({low} tot {high}): niet zeker "
        "boven {threshold}, {bar}.",
        Reason.CHANCE: "Hij gaat bij toeval door, zoals een vast deel van de video's, zodat bekend is wat te vroeg "
        "stopt; zijn kwaliteit na {n} kijkers is {value}.",
        Reason.RISEN: "Wat er sindsdien van gezien is brengt hem omhoog: {value} (minstens {low}) na {n} kijkers, "
        "boven {threshold}, {bar}: hij gaat naar {size} meer.",
    },
    "nb": {
        Reason.PUBLISHED: "Publisert: den leter etter et første publikum på {size}.",
        Reason.OLD: "Den var gammel da den kom hit, så den testes ikke; det som blir sett av den kan fortsatt "
        "løfte den.",
        Reason.ABOVE: "Etter {n} seere er kvaliteten {value} (minst {low}), over {threshold}, {bar}: den vises til "
        "{size} til.",
        Reason.BELOW: "Etter {n} seere er kvaliteten {value} (høyst {high}); tre fjerdedeler av de andre ligger over "
        "{threshold}. Det letes ikke etter flere seere.",
        Reason.FULL: "{n} seere har sett den, og kvaliteten er {value} ({low} til {high}): ikke sikkert over "
        "{threshold}, {bar}. Det letes ikke etter flere seere.",
        Reason.EXPIRED: "Tiden er ute etter {n} seere, med en kvalitet på {value} ({low} til {high}): ikke sikkert "
        "over {threshold}, {bar}.",
        Reason.CHANCE: "Den går videre tilfeldig, som en fast andel av videoene, slik at en vet hva som stoppes for "
        "tidlig; kvaliteten etter {n} seere er {value}.",
        Reason.RISEN: "Det som er sett av den siden, løfter den: {value} (minst {low}) etter {n} seere, over "
        "{threshold}, {bar}: den vises til {size} til.",
    },
}
_BAR: Mapping[str, tuple[str, str]] = {
    "en": ("which half of all videos reach in their first stage", "which three quarters of those in this stage reach"),
    "nl": ("wat de helft van alle video's in de eerste fase haalt", "wat drie kwart van die in deze fase haalt"),
    "nb": ("som halvparten av alle videoer når i første trinn", "som tre fjerdedeler av dem på dette trinnet når"),
}
"""What the bar to go on is: of the first stage, and of a later one (`stages.bar`)."""
_EVERYBODY = {"en": "everybody", "nl": "iedereen", "nb": "alle"}
_NEXT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "running": "It is shown to {room} more viewers until {until}; its quality is looked at again after {look}.",
        "late": "Its time for this audience is over; it is shown where it fits, and may still rise.",
        "resting": "It is shown where it fits; its quality is looked at again after {look} viewers.",
        "stopped": "It is shown only where it fits; its quality is looked at again after {look} viewers.",
        "open": "It is in the last stage: it is shown to whoever it fits, and nobody counts.",
    },
    "nl": {
        "running": "Hij gaat tot {until} naar {room} kijkers meer; na {look} wordt weer naar zijn kwaliteit gekeken.",
        "late": "Zijn tijd voor dit publiek is om; hij wordt getoond waar hij past en kan nog stijgen.",
        "resting": "Hij wordt getoond waar hij past; na {look} kijkers wordt weer naar zijn kwaliteit gekeken.",
        "stopped": "Hij wordt alleen getoond waar hij past; na {look} kijkers wordt weer naar zijn kwaliteit gekeken.",
        "open": "Hij is in de laatste fase: hij gaat naar iedereen bij wie hij past, en niemand telt.",
    },
    "nb": {
        "running": "Den vises til {room} seere til fram til {until}; etter {look} ses det på kvaliteten igjen.",
        "late": "Tiden for dette publikummet er ute; den vises der den passer, og kan fortsatt stige.",
        "resting": "Den vises der den passer; etter {look} seere ses det på kvaliteten igjen.",
        "stopped": "Den vises bare der den passer; etter {look} seere ses det på kvaliteten igjen.",
        "open": "Den er i siste trinn: den vises til alle den passer for, og ingen teller.",
    },
}
PART_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "hook": "stayed three seconds",
        "completion": "share of it watched",
        "engagement": "likes, comments, shares and saves",
        "refusal": "not interested, and reports",
    },
    "nl": {
        "hook": "bleef drie seconden",
        "completion": "deel ervan bekeken",
        "engagement": "likes, reacties, delen en bewaren",
        "refusal": "niet interessant, en meldingen",
    },
    "nb": {
        "hook": "ble i tre sekunder",
        "completion": "del av den sett",
        "engagement": "likerklikk, kommentarer, delinger og lagringer",
        "refusal": "ikke interessert, og rapporter",
    },
}


def move_in_words(reason: Reason, numbers: Mapping[str, float], start: int, size: int | None, language: str) -> str:
    """Why a video moved from the stage `start`; `size`: of the audience that it looks for from then on (None:
    everybody)."""
    said = {name: f"{value:.0f}" if name == "n" else f"{value:+.2f}" for name, value in numbers.items()}
    more = {"bar": _BAR[language][start > 0], "size": _EVERYBODY[language] if size is None else f"{size:,}"}
    return _MOVES[language][reason].format(**more, **said)


def next_in_words(state: str, room: float, until: str, look: float, language: str) -> str:
    """What comes next for a video in this state."""
    return _NEXT[language][state].format(room=f"{room:.0f}", until=until, look=f"{look:,.0f}")
