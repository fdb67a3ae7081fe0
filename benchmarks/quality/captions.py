"""Captions that were made up, about topics that are known: the words of each topic in three languages, in sentences.

The words of a language are shared by the captions of a topic in that language only; no caption names its topic.
"""

from __future__ import annotations

import numpy as np

TOPICS: dict[str, dict[str, tuple[str, ...]]] = {
    "baking": {
        "en": ("bread", "sourdough", "oven", "flour", "pastry", "cinnamon buns", "yeast", "crust"),
        "nl": ("brood", "zuurdesem", "oven", "bloem", "gebak", "kaneelbroodjes", "gist", "korst"),
        "nb": ("brød", "surdeig", "stekeovn", "hvetemel", "bakverk", "kanelboller", "gjær", "skorpe"),
    },
    "football": {
        "en": ("goal", "striker", "penalty", "goalkeeper", "dribbling", "free kick", "offside", "midfielder"),
        "nl": ("doelpunt", "spits", "strafschop", "keeper", "dribbelen", "vrije trap", "buitenspel", "middenvelder"),
        "nb": ("scoring", "spiss", "straffespark", "målvakt", "dribling", "frispark", "offside", "midtbanespiller"),
    },
    "cats": {
        "en": ("kitten", "cat", "purring", "whiskers", "litter box", "scratching post", "meowing", "tomcat"),
        "nl": ("kitten", "kat", "spinnen", "snorharen", "kattenbak", "krabpaal", "miauwen", "kater"),
        "nb": ("kattunge", "katt", "maling", "værhår", "kattedo", "klorestativ", "mjauing", "hannkatt"),
    },
    "makeup": {
        "en": ("lipstick", "foundation", "mascara", "eyeliner", "blush", "concealer", "eyeshadow", "contouring"),
        "nl": ("lippenstift", "foundation", "mascara", "eyeliner", "rouge", "concealer", "oogschaduw", "contouren"),
        "nb": ("leppestift", "foundation", "maskara", "eyeliner", "rouge", "concealer", "øyenskygge", "kontur"),
    },
    "hiking": {
        "en": ("trail", "summit", "backpack", "hiking boots", "mountain hut", "glacier", "tent", "campfire"),
        "nl": ("wandelpad", "bergtop", "rugzak", "wandelschoenen", "berghut", "gletsjer", "tent", "kampvuur"),
        "nb": ("tursti", "fjelltopp", "ryggsekk", "fjellsko", "fjellhytte", "isbre", "telt", "leirbål"),
    },
    "cars": {
        "en": ("engine", "turbo", "gearbox", "exhaust", "horsepower", "brakes", "tyres", "sports car"),
        "nl": ("motor", "turbo", "versnellingsbak", "uitlaat", "pk", "remmen", "banden", "sportwagen"),
        "nb": ("motor", "turbo", "girkasse", "eksosanlegg", "hestekrefter", "bremser", "dekk", "sportsbil"),
    },
    "knitting": {
        "en": ("yarn", "knitting needles", "sweater", "crochet", "wool", "stitches", "pattern", "mittens"),
        "nl": ("garen", "breinaalden", "trui", "haken", "wol", "steken", "breipatroon", "wanten"),
        "nb": ("garn", "strikkepinner", "genser", "hekling", "ull", "masker", "strikkeoppskrift", "votter"),
    },
    "guitar": {
        "en": ("guitar", "chords", "fingerpicking", "amplifier", "strings", "solo", "riff", "capo"),
        "nl": ("gitaar", "akkoorden", "tokkelen", "versterker", "snaren", "solo", "riff", "capo"),
        "nb": ("gitar", "akkorder", "fingerspill", "forsterker", "strenger", "solo", "riff", "kapo"),
    },
    "gardening": {
        "en": ("tomatoes", "compost", "seedlings", "greenhouse", "pruning", "soil", "weeds", "raised bed"),
        "nl": ("tomaten", "compost", "zaailingen", "kas", "snoeien", "aarde", "onkruid", "moestuinbak"),
        "nb": ("tomater", "kompost", "småplanter", "drivhus", "beskjæring", "jord", "ugress", "plantekasse"),
    },
    "coding": {
        "en": ("Python", "debugging", "compiler", "database", "programmer", "source code", "algorithm", "web server"),
        "nl": ("Python", "debuggen", "compiler", "database", "programmeur", "broncode", "algoritme", "webserver"),
        "nb": (
            "Python",
            "feilsøking",
            "kompilator",
            "database",
            "programmerer",
            "kildekode",
            "algoritme",
            "nettserver",
        ),
    },
}

_FRAMES: dict[str, tuple[str, ...]] = {
    "en": (
        "Look at this {0} and the {1}, and then the {2}", "All about {0}, {1} and {2}", "{0}, {1}: my first time",
        "You will not believe the {0}: {1}!", "Today {0}, {1} and a little {2}", "{0} without {1}? {2}!",
    ),
    "nl": (
        "Kijk naar {0} en {1}, en dan {2}", "Alles over {0}, {1} en {2}", "{0}, {1}: mijn eerste keer",
        "Je gelooft dit nooit: {0} en {1}!", "Vandaag {0}, {1} en een beetje {2}", "{0} zonder {1}? {2}!",
    ),
    "nb": (
        "Se på {0} og {1}, og så {2}", "Alt om {0}, {1} og {2}", "{0}, {1}: min første gang",
        "Du vil ikke tro dette: {0} og {1}!", "I dag {0}, {1} og litt {2}", "{0} uten {1}? {2}!",
    ),
}  # fmt: skip
LANGUAGES = tuple(_FRAMES)


def caption(topic: str, language: str, rng: np.random.Generator) -> str:
    """A caption about a topic: two or three of its words in a sentence that would fit any."""
    words = [str(word) for word in rng.permutation(TOPICS[topic][language])[:3]]
    return str(rng.choice(_FRAMES[language])).format(*words)
