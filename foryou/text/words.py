"""From a text to what it is compared by: its words, and the pieces of its words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+")
_PIECES = (3, 4, 5)

_IDLE = """
a about all an and are as at be but by can do first for from get has have he her his how i if in is it its me my no not
of on one or our out over she so that the their them then there these they this time to today up us very was we what
when why will with without you your

aan al alles als bij daar dan dat de deze die dit door een eens en er eerste ga hebben heb het hier hij hoe ik in is je
jij kan keer maar me mee met mij mijn na naar niet nog nooit nu of om onze ook op over te tot uit van vandaag veel voor
waar waarom wat we wel wij wil zo zonder ze zij zijn

alt av da de deg den der det dette disse du eller en er et etter for fra gang ha han har hun hva hvor hvordan hvorfor i
ikke jeg kan litt man med meg men mer min mitt når nå og om opp oss over på se seg sin slik som så til ut uten var ved
vi vil være
"""
IDLE = frozenset(_IDLE.split())
"""Words that say nothing of what a text is about, in English, Dutch and Norwegian."""


def words(text: str) -> list[str]:
    """The words of a text in their order, in lower case, without those that say nothing; "#" and "_" part words."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return [word for word in _WORD.findall(plain) if word not in IDLE]


def pieces(word: str) -> Iterator[str]:
    """The pieces of three to five letters of a word, its ends marked: what inflections and compounds still share."""
    whole = f"<{word}>"
    for size in _PIECES:
        for start in range(len(whole) - size + 1):
            yield whole[start : start + size]
