"""A viewer's own data in words: what is kept, why and for how long, as a page that can be read without any script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from html import escape

from foryou.api.calls import Language
from foryou.core.clock import SECOND

_KEPT: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "en": (
        (
            "What you did",
            "Your feed is made of it: it says what you like and what you have seen.",
            "Until you erase it.",
        ),
        ("What you were shown", "To explain why, and to learn from what came of it.", "30 days."),
        (
            "What you wrote",
            "Others read your comments; what you searched for is kept like other acts.",
            "Until you take it back or erase it.",
        ),
        (
            "What is known of you",
            "Interests with their strength, made from what you did; nothing else.",
            "Until you erase it.",
        ),
        (
            "What you say of yourself",
            "Name, language, age band and country, only if you gave them.",
            "Until you change or erase it.",
        ),
    ),
    "nl": (
        (
            "Wat je deed",
            "Je feed wordt ervan gemaakt: het zegt wat je leuk vindt en wat je al zag.",
            "Tot je het wist.",
        ),
        ("Wat je te zien kreeg", "Om uit te leggen waarom, en om te leren van wat ervan kwam.", "30 dagen."),
        (
            "Wat je schreef",
            "Anderen lezen je reacties; wat je zocht wordt bewaard zoals andere handelingen.",
            "Tot je het terugneemt of wist.",
        ),
        (
            "Wat over je bekend is",
            "Interesses met hun sterkte, gemaakt van wat je deed; niets anders.",
            "Tot je het wist.",
        ),
        (
            "Wat je over jezelf zegt",
            "Naam, taal, leeftijdsgroep en land, alleen als je ze gaf.",
            "Tot je het verandert of wist.",
        ),
    ),
    "nb": (
        (
            "Det du gjorde",
            "Strømmen din lages av det: det sier hva du liker og hva du har sett.",
            "Til du sletter det.",
        ),
        ("Det du fikk se", "For å forklare hvorfor, og for å lære av det som kom ut av det.", "30 dager."),
        (
            "Det du skrev",
            "Andre leser kommentarene dine; det du søkte etter lagres som andre handlinger.",
            "Til du trekker det tilbake eller sletter det.",
        ),
        (
            "Det som er kjent om deg",
            "Interesser med styrke, laget av det du gjorde; ikke noe annet.",
            "Til du sletter det.",
        ),
        (
            "Det du sier om deg selv",
            "Navn, språk, aldersgruppe og land, bare om du oppga dem.",
            "Til du endrer eller sletter det.",
        ),
    ),
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Your data",
        "what": "What",
        "why": "Why it is kept",
        "long": "For how long",
        "known": "What is known of you",
        "log": "All there is, in order",
        "when": "When",
        "act": "What",
        "shown": "shown to you",
        "nothing": "Nothing.",
    },
    "nl": {
        "title": "Je gegevens",
        "what": "Wat",
        "why": "Waarom het bewaard wordt",
        "long": "Hoe lang",
        "known": "Wat over je bekend is",
        "log": "Alles wat er is, op volgorde",
        "when": "Wanneer",
        "act": "Wat",
        "shown": "aan jou getoond",
        "nothing": "Niets.",
    },
    "nb": {
        "title": "Dine data",
        "what": "Hva",
        "why": "Hvorfor det lagres",
        "long": "Hvor lenge",
        "known": "Det som er kjent om deg",
        "log": "Alt som finnes, i rekkefølge",
        "when": "Når",
        "act": "Hva",
        "shown": "vist til deg",
        "nothing": "Ingenting.",
    },
}


def kept(language: Language) -> list[dict[str, str]]:
    """The kinds of data that there are: what, why, and for how long."""
    return [dict(zip(("what", "why", "how_long"), each, strict=True)) for each in _KEPT[language]]


def as_html(
    viewer: str, known: Mapping[str, object], items: Iterable[Mapping[str, object]], language: Language
) -> Iterator[bytes]:
    """The page, piece by piece. Whatever was sent is escaped, and there is neither script nor style in it."""
    words = _WORDS[language]
    yield (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{words["title"]}</title></head>'
        f"<body><h1>{words['title']}: {escape(viewer)}</h1><table border=1><thead>"
        f"{_row('th', (words['what'], words['why'], words['long']))}</thead><tbody>"
    ).encode()
    for line in _KEPT[language]:
        yield _row("td", line).encode()
    yield f"</tbody></table><h2>{words['known']}</h2>{_told(known, words['nothing'])}".encode()
    head = _row("th", (words["when"], words["act"], ""))
    yield f"<h2>{words['log']}</h2><table border=1><thead>{head}</thead><tbody>".encode()
    for item in items:
        yield _line(item, words["shown"]).encode()
    yield b"</tbody></table></body></html>"


def _line(item: Mapping[str, object], shown: str) -> str:
    said = item.get("event") or item.get("shown")
    fields = dict(said) if isinstance(said, dict) else {}
    at, kind = fields.pop("at", None), fields.pop("kind", shown)
    fields.pop("viewer", None)
    when = datetime.fromtimestamp(at / SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S") if isinstance(at, int) else ""
    return _row("td", (when, str(kind), ", ".join(f"{name}: {_flat(value)}" for name, value in fields.items())))


def _row(cell: str, texts: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(text)}</{cell}>" for text in texts) + "</tr>"


def _told(value: object, nothing: str) -> str:
    """Anything as nested lists."""
    if isinstance(value, Mapping):
        rows = (f"<dt>{escape(str(name))}</dt><dd>{_told(each, nothing)}</dd>" for name, each in value.items())
        return f"<dl>{''.join(rows)}</dl>" if value else nothing
    if isinstance(value, list | tuple):
        return f"<ul>{''.join(f'<li>{_told(each, nothing)}</li>' for each in value)}</ul>" if value else nothing
    return escape(_flat(value))


def _flat(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(_flat, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
