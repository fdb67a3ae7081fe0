"""Explanations in words, in English, Dutch and Norwegian, each with its evidence from the viewer's own log."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.pipeline import Slate
from foryou.features.anything import ANYTHING
from foryou.features.history import HISTORY_TOPICS

WEEK = 7 * DAY
_WATCHED = OUTCOME_BITS["finish"] | OUTCOME_BITS["long_view"]
_LIKED = sum(OUTCOME_BITS[name] for name in ("like", "save", "share", "comment"))

LANGUAGES = ("en", "nl", "nb")

FAMILY_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "behaviour": "your behaviour and preferences",
        "engagement": "how people react to the video",
        "completion": "how far people watch it",
        "information": "what the video is about",
        "quality": "quality",
        "trend": "trend and freshness",
        "similar": "similar viewers and people you follow",
        "usage": "when and how you use the app",
        "demographics": "age group, gender and country",
        "device": "language and device",
        "affinity": "how well it fits you",
        "author_taste": "what its creator likes",
        "freshness": "how new it is",
        "wishes": "what you asked for",
        "variety": "variety",
        "exploration": "trying something new",
        "version": "what the model has learned since",
    },
    "nl": {
        "behaviour": "jouw gedrag en voorkeuren",
        "engagement": "hoe mensen op de video reageren",
        "completion": "hoe ver mensen kijken",
        "information": "waar de video over gaat",
        "quality": "kwaliteit",
        "trend": "trend en versheid",
        "similar": "kijkers zoals jij en wie je volgt",
        "usage": "wanneer en hoe je de app gebruikt",
        "demographics": "leeftijdsgroep, geslacht en land",
        "device": "taal en apparaat",
        "affinity": "hoe goed hij bij je past",
        "author_taste": "wat de maker zelf leuk vindt",
        "freshness": "hoe nieuw hij is",
        "wishes": "wat je hebt gevraagd",
        "variety": "afwisseling",
        "exploration": "iets nieuws proberen",
        "version": "wat het model sindsdien heeft geleerd",
    },
    "nb": {
        "behaviour": "det du ser på og liker",
        "engagement": "hvordan folk reagerer på videoen",
        "completion": "hvor lenge folk ser",
        "information": "hva videoen handler om",
        "quality": "kvalitet",
        "trend": "trend og ferskhet",
        "similar": "seere som deg og dem du følger",
        "usage": "når og hvordan du bruker appen",
        "demographics": "aldersgruppe, kjønn og land",
        "device": "språk og enhet",
        "affinity": "hvor godt den passer deg",
        "author_taste": "hva skaperen selv liker",
        "freshness": "hvor ny den er",
        "wishes": "det du har bedt om",
        "variety": "variasjon",
        "exploration": "å prøve noe nytt",
        "version": "det modellen har lært siden",
    },
}

_SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "finished_topic": "Because you finished {n} videos on #{name} this week.",
        "finished_topic_1": "Because you finished a video on #{name} this week.",
        "liked_topic": "Because you liked {n} videos on #{name} lately.",
        "liked_topic_1": "Because you liked a video on #{name} lately.",
        "watched_topic": "Because you watched {n} videos on #{name} at length this week.",
        "watched_topic_1": "Because you watched a video on #{name} at length this week.",
        "watched_author": "Because you watched {n} videos by {name} at length this week.",
        "watched_author_1": "Because you watched a video by {name} at length this week.",
        "finished_author": "Because you finished {n} videos by {name} this week.",
        "finished_author_1": "Because you finished a video by {name} this week.",
        "follows": "Because you follow {name}.",
        "similar": "Because viewers who liked videos that you liked also liked this one.",
        "nearest": "Because it resembles what you watched lately.",
        "unknown": "Because it suits people in general: nothing that you watched is known yet.",
        "content": "Because what it says resembles videos that you liked.",
        "following": "From someone you follow.",
        "popular": "Popular where you are.",
        "fresh": "A new video that is looking for its first viewers.",
        "clusters": "Because it fits one of the themes that you like.",
        "wished": "Because you asked for more of this.",
        "family": "What speaks for it most: {name}.",
        "without": "Without that it would stand at place {n} of {of}.",
        "baited": "Its own words ask for {name}: here those count for less, so that asking brings it no further.",
        "and": "and",
        "version": "Explained with version {name} of the model, because version {served} that ranked it is gone.",
        "thin": "What else was known then is kept for a day, so it can no longer be told what counted how much.",
        "newest": "The latest from someone you follow; newest first.",
        "plain": "Popular and recent in this language and country; nothing about you was used.",
    },
    "nl": {
        "finished_topic": "Omdat je deze week {n} video's over #{name} hebt uitgekeken.",
        "finished_topic_1": "Omdat je deze week een video over #{name} hebt uitgekeken.",
        "liked_topic": "Omdat je onlangs {n} video's over #{name} leuk vond.",
        "liked_topic_1": "Omdat je onlangs een video over #{name} leuk vond.",
        "watched_topic": "Omdat je deze week lang naar {n} video's over #{name} hebt gekeken.",
        "watched_topic_1": "Omdat je deze week lang naar een video over #{name} hebt gekeken.",
        "watched_author": "Omdat je deze week lang naar {n} video's van {name} hebt gekeken.",
        "watched_author_1": "Omdat je deze week lang naar een video van {name} hebt gekeken.",
        "finished_author": "Omdat je deze week {n} video's van {name} hebt uitgekeken.",
        "finished_author_1": "Omdat je deze week een video van {name} hebt uitgekeken.",
        "follows": "Omdat je {name} volgt.",
        "similar": "Omdat kijkers die dezelfde video's leuk vonden als jij, ook deze leuk vonden.",
        "nearest": "Omdat hij lijkt op wat je onlangs hebt bekeken.",
        "unknown": "Omdat hij bij mensen in het algemeen past: er is nog niets bekend van wat je hebt bekeken.",
        "content": "Omdat de tekst erbij lijkt op die van video's die je leuk vond.",
        "following": "Van iemand die je volgt.",
        "popular": "Populair bij jou in de buurt.",
        "fresh": "Een nieuwe video die zijn eerste kijkers zoekt.",
        "clusters": "Omdat hij past bij een van de thema's die je leuk vindt.",
        "wished": "Omdat je hier meer van wilt zien.",
        "family": "Wat er het meest voor pleit: {name}.",
        "without": "Zonder dat zou hij op plaats {n} van {of} staan.",
        "baited": "De video vraagt zelf om {name}: die tellen hier minder mee, zodat erom vragen niets oplevert.",
        "and": "en",
        "version": "Uitgelegd met versie {name} van het model, want versie {served} die hem ordende is er niet meer.",
        "thin": "Wat er toen verder bekend was, wordt een dag bewaard; wat hoe zwaar woog is niet meer te zeggen.",
        "newest": "Het nieuwste van iemand die je volgt; nieuwste eerst.",
        "plain": "Populair en recent in deze taal en dit land; er is niets over jou gebruikt.",
    },
    "nb": {
        "finished_topic": "Fordi du har sett ferdig {n} videoer om #{name} denne uken.",
        "finished_topic_1": "Fordi du har sett ferdig en video om #{name} denne uken.",
        "liked_topic": "Fordi du nylig likte {n} videoer om #{name}.",
        "liked_topic_1": "Fordi du nylig likte en video om #{name}.",
        "watched_topic": "Fordi du har sett lenge på {n} videoer om #{name} denne uken.",
        "watched_topic_1": "Fordi du har sett lenge på en video om #{name} denne uken.",
        "watched_author": "Fordi du har sett lenge på {n} videoer av {name} denne uken.",
        "watched_author_1": "Fordi du har sett lenge på en video av {name} denne uken.",
        "finished_author": "Fordi du har sett ferdig {n} videoer av {name} denne uken.",
        "finished_author_1": "Fordi du har sett ferdig en video av {name} denne uken.",
        "follows": "Fordi du følger {name}.",
        "similar": "Fordi seere som likte videoer du likte, også likte denne.",
        "nearest": "Fordi den ligner på det du nylig har sett.",
        "unknown": "Fordi den passer for folk flest: ingenting av det du har sett, er kjent ennå.",
        "content": "Fordi teksten ligner på den til videoer du likte.",
        "following": "Fra en du følger.",
        "popular": "Populær der du er.",
        "fresh": "En ny video som leter etter sine første seere.",
        "clusters": "Fordi den passer til et av temaene du liker.",
        "wished": "Fordi du har bedt om mer av dette.",
        "family": "Det som taler mest for den: {name}.",
        "without": "Uten det ville den stått på plass {n} av {of}.",
        "baited": "Den ber selv om {name}: her teller de mindre, så det ikke hjelper å be om det.",
        "and": "og",
        "version": "Forklart med versjon {name} av modellen, fordi versjon {served} som rangerte den er borte.",
        "thin": "Det som ellers var kjent da, lagres i et døgn; hva som talte hvor mye, kan ikke lenger sies.",
        "newest": "Det siste fra en du følger; nyeste først.",
        "plain": "Populært og nytt på dette språket og i dette landet; ingenting om deg ble brukt.",
    },
}


_BAITED: Mapping[str, Mapping[str, str]] = {
    "en": {"like": "likes", "comment": "comments", "share": "shares", "save": "saves", "follow": "follows"},
    "nl": {
        "like": "likes", "comment": "reacties", "share": "delen", "save": "bewaren", "follow": "volgen",
    },
    "nb": {
        "like": "likerklikk", "comment": "kommentarer", "share": "delinger", "save": "lagringer", "follow": "følgere",
    },
}  # fmt: skip
"""What the words of a video may ask for."""
_OF_HISTORY = frozenset({"nearest", "clusters"})
"""Sources that answer everybody, those of whom nothing is known too: then it is not because of what they watched."""
PROOF = ("history_flags", "history_at", "history_topics", "history_author")
"""The viewer's columns that hold evidence."""


def evidence(viewer: Batch, at: int, slate: Slate, row: int) -> dict[str, object]:
    """What in the viewer's history speaks for this video: this week's watches, and likes, by topic and by author.

    Hashtags that are put on any video are no topic. The strongest is in `best`: what it is, about which topic or
    author, and how many videos it counts. `watched` says whether anything that they watched is known at all.
    """
    flags = viewer["history_flags"][0]
    week = viewer["history_at"][0] > at - WEEK
    topics = viewer["history_topics"][0].reshape(-1, HISTORY_TOPICS)
    about = [
        ("topic", topic, (topics == topic).any(axis=1))
        for topic in slate["topics"][row].tolist()
        if topic and topic not in ANYTHING
    ]
    author = int(slate["author"][row])
    if author:
        about.append(("author", author, viewer["history_author"][0] == author))
    proofs: list[tuple[int, str, str, int]] = []
    for kind, number, rows in about:
        long = int(np.count_nonzero(rows & week & ((flags & _WATCHED) != 0)))
        finished = int(np.count_nonzero(rows & week & ((flags & OUTCOME_BITS["finish"]) != 0)))
        proofs.append(
            (finished, f"finished_{kind}", kind, number)
            if 2 * finished > long
            else (long, f"watched_{kind}", kind, number)
        )
        if kind == "topic":
            proofs.append((int(np.count_nonzero(rows & ((flags & _LIKED) != 0))), "liked_topic", kind, number))
    most = max(proofs, key=lambda proof: proof[0], default=(0, "", "", 0))
    best = {"what": most[1], "kind": most[2], "id": most[3], "n": most[0]} if most[0] else {}
    watched = bool((viewer["history_at"][0] > 0).any())
    return {"best": best, "follows": bool(slate["follows"][row] > 0), "author": author, "watched": watched}


def in_words(told: Mapping[str, object], source: str, language: str, name_of: Callable[[str, int], str]) -> list[str]:
    """The sentences of an explanation, the most telling first."""
    say = _SENTENCES[language]
    if told["surface"] != "for_you":
        return [say["newest" if told["surface"] == "following" else "plain"]]
    proof = told.get("evidence", {})
    assert isinstance(proof, dict)
    words: list[str] = []
    best = proof.get("best")
    if best:
        what = f"{best['what']}_1" if best["n"] == 1 else best["what"]
        words.append(say[what].format(n=best["n"], name=name_of(best["kind"], best["id"])))
    if proof.get("follows"):
        words.append(say["follows"].format(name=name_of("author", proof["author"])))
    words.append(say["unknown" if source in _OF_HISTORY and not proof.get("watched", True) else source])
    without = told.get("without_strongest")
    if isinstance(without, dict):
        words.append(say["family"].format(name=FAMILY_WORDS[language][without["family"]]))
        words.append(say["without"].format(n=without["position"] + 1, of=without["of"]))
    baited = told.get("baited")
    if isinstance(baited, list) and baited and told["surface"] == "for_you":
        words.append(say["baited"].format(name=_listed([_BAITED[language][each] for each in baited], say["and"])))
    if told.get("thin"):
        words.append(say["thin"])
    elif told.get("explained_with", told["model"]) != told["model"]:
        words.append(say["version"].format(name=told["explained_with"], served=told["model"]))
    return words


def _listed(names: list[str], last: str) -> str:
    """
    >>> _listed(["likes", "shares", "saves"], "and")
    'likes, shares and saves'
    """
    return f" {last} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
