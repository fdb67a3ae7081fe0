"""What "How it works" says in English, Dutch and Norwegian: outcomes, factor families, rules, and what one can do."""

from __future__ import annotations

from collections.abc import Mapping

from foryou.core.heads import NAMES
from foryou.core.inputs import FAMILIES

OUTCOME_WORDS: Mapping[str, tuple[str, str, str]] = {
    "watch": ("each second that you watch", "elke seconde die je kijkt", "hvert sekund du ser"),
    "watch_rank": (
        "you watch longer than people watch videos of that length",
        "je kijkt langer dan mensen naar video's van die lengte kijken",
        "du ser lenger enn folk ser videoer av den lengden",
    ),
    "finish": ("you watch to the end", "je kijkt tot het einde", "du ser til slutten"),
    "long_view": ("you watch for long", "je kijkt lang", "du ser lenge"),
    "skip": (
        "you swipe on within three seconds",
        "je veegt binnen drie seconden verder",
        "du sveiper videre innen tre sekunder",
    ),
    "like": ("you like it", "je vindt hem leuk", "du liker den"),
    "comment": ("you comment", "je reageert", "du kommenterer"),
    "share": ("you share it", "je deelt hem", "du deler den"),
    "save": ("you save it", "je slaat hem op", "du lagrer den"),
    "follow": ("you follow the creator because of it", "je gaat de maker erdoor volgen", "du følger skaperen etterpå"),
    "visit": ("you open the creator's profile", "je opent het profiel van de maker", "du åpner skaperens profil"),
    "not_interested": (
        "you say that you are not interested",
        "je zegt dat je niet geïnteresseerd bent",
        "du sier at du ikke er interessert",
    ),
    "report": ("you report it or block the creator", "je meldt hem of blokkeert de maker", "du melder eller blokkerer"),
}

ABOUT: Mapping[str, tuple[str, str, str]] = {
    "behaviour": (
        "What you watched, how far, and what you liked or passed over, by hashtag, creator, sound, format, length, "
        "language and text.",
        "Wat je keek, hoe ver, en wat je leuk vond of oversloeg, per hashtag, maker, geluid, formaat, lengte, taal en "
        "tekst.",
        "Hva du så, hvor langt, og hva du likte eller hoppet over, etter emneknagg, skaper, lyd, format, lengde, språk "
        "og tekst.",
    ),
    "engagement": (
        "How often people like, comment, share, save and follow after this video.",
        "Hoe vaak mensen deze video leuk vinden, erop reageren, hem delen, opslaan en daarna gaan volgen.",
        "Hvor ofte folk liker, kommenterer, deler, lagrer og følger etter denne videoen.",
    ),
    "completion": (
        "How far people watch this video, and how many leave in the first three seconds.",
        "Hoe ver mensen deze video kijken, en hoeveel er in de eerste drie seconden weggaan.",
        "Hvor langt folk ser videoen, og hvor mange som går i de første tre sekundene.",
    ),
    "information": (
        "The caption, hashtags, sound, creator, length, format and language of the video.",
        "Het bijschrift, de hashtags, het geluid, de maker, de lengte, het formaat en de taal van de video.",
        "Teksten, emneknaggene, lyden, skaperen, lengden, formatet og språket til videoen.",
    ),
    "quality": (
        "How sharp the picture is, and how often the video is reported or refused.",
        "Hoe scherp het beeld is, en hoe vaak de video wordt gemeld of geweigerd.",
        "Hvor skarpt bildet er, og hvor ofte videoen meldes eller avvises.",
    ),
    "trend": (
        "How new the video is, and whether it does better now than before.",
        "Hoe nieuw de video is, en of hij het nu beter doet dan eerder.",
        "Hvor ny videoen er, og om den gjør det bedre nå enn før.",
    ),
    "similar": (
        "What viewers like who liked the same videos as you, and whom you follow.",
        "Wat kijkers leuk vinden die dezelfde video's leuk vonden als jij, en wie je volgt.",
        "Hva seere liker som likte de samme videoene som deg, og hvem du følger.",
    ),
    "usage": (
        "The hour and the weekday where you are, how long you have watched, and when you were last here.",
        "Het uur en de weekdag bij jou, hoe lang je al kijkt, en wanneer je hier het laatst was.",
        "Timen og ukedagen der du er, hvor lenge du har sett, og når du sist var her.",
    ),
    "demographics": (
        "The age group, gender and country that you gave, if you gave any.",
        "De leeftijdsgroep, het geslacht en het land die je opgaf, als je dat deed.",
        "Aldersgruppen, kjønnet og landet du oppga, hvis du gjorde det.",
    ),
    "device": (
        "The language that your app is set to and the kind of device; both fade as you get known.",
        "De taal van je app en het soort apparaat; beide tellen minder naarmate je bekend bent.",
        "Språket appen din er satt til og typen enhet; begge teller mindre etter hvert som du blir kjent.",
    ),
}

ACTIONS: Mapping[str, tuple[str, str, str]] = {
    "behaviour": (
        "Watch what you like, swipe past what you do not, or change your interests in Tune.",
        "Kijk wat je leuk vindt, veeg de rest weg, of pas je interesses aan bij Afstemmen.",
        "Se det du liker, sveip forbi resten, eller endre interessene dine under Finjuster.",
    ),
    "engagement": (
        "Like, comment, share or save: it also helps the video to more viewers.",
        "Vind leuk, reageer, deel of sla op: dat helpt de video ook aan meer kijkers.",
        "Lik, kommenter, del eller lagre: det gir også videoen flere seere.",
    ),
    "completion": (
        "As a creator: start strong and keep your promise to the end.",
        "Als maker: begin sterk en maak tot het einde waar wat je belooft.",
        "Som skaper: start sterkt og hold det du lover til slutten.",
    ),
    "information": (
        "Hide a hashtag or sound, or choose the languages that you want in Tune.",
        "Verberg een hashtag of geluid, of kies bij Afstemmen de talen die je wilt.",
        "Skjul en emneknagg eller lyd, eller velg språkene du vil ha under Finjuster.",
    ),
    "quality": (
        "Report what breaks the rules.",
        "Meld wat tegen de regels is.",
        "Meld det som bryter reglene.",
    ),
    "trend": (
        "Move the slider between familiar and new in Tune.",
        "Schuif bij Afstemmen tussen vertrouwd en nieuw.",
        "Flytt skyveknappen mellom kjent og nytt under Finjuster.",
    ),
    "similar": (
        "Follow or unfollow creators.",
        "Volg makers, of volg ze niet meer.",
        "Følg skapere, eller slutt å følge dem.",
    ),
    "usage": ("Nothing; it only says when.", "Niets; het zegt alleen wanneer.", "Ingenting; det sier bare når."),
    "demographics": (
        "Leave it out: without it nothing of this is used.",
        "Laat het weg: zonder wordt hier niets van gebruikt.",
        "La være å oppgi det: da brukes ingenting av dette.",
    ),
    "device": (
        "Change the language of the app.",
        "Verander de taal van de app.",
        "Endre språket i appen.",
    ),
}

RULE_WORDS: Mapping[str, tuple[str, str, str]] = {
    "affinity": (
        "what fitting your known tastes adds to the score, at most",
        "wat passen bij je bekende smaak hoogstens aan de score toevoegt",
        "hva det at den passer din kjente smak legger til i poengsummen, på det meste",
    ),
    "author_taste": (
        "what it adds to the score of a new video that its creator likes what you like",
        "wat het aan de score van een nieuwe video toevoegt dat de maker leuk vindt wat jij leuk vindt",
        "hva det legger til i poengsummen til en ny video at skaperen liker det du liker",
    ),
    "freshness": (
        "what being just uploaded adds to the score",
        "wat net geüpload zijn aan de score toevoegt",
        "hva det å være nylig lastet opp legger til i poengsummen",
    ),
    "half_life_h": (
        "hours after which half of that is left",
        "uren waarna daarvan de helft over is",
        "timer til halvparten av det er igjen",
    ),
    "exploration": (
        "share of places for new videos that look for viewers",
        "deel van de plaatsen voor nieuwe video's die kijkers zoeken",
        "andel av plassene til nye videoer som leter etter seere",
    ),
    "first_look": (
        "what being seen by nobody yet is worth to a new video beside other new ones, in units of the score",
        "wat door niemand gezien zijn waard is voor een nieuwe video naast andere nieuwe, in eenheden van de score",
        "hva det at ingen har sett den er verdt for en ny video ved siden av andre nye, i poeng",
    ),
    "first_fit": (
        "how much more fitting you counts in who sees a new video first, in units of the score",
        "hoeveel meer bij je passen telt in wie een nieuwe video het eerst ziet, in eenheden van de score",
        "hvor mye mer det å passe deg teller i hvem som ser en ny video først, i poeng",
    ),
    "probes": (
        "share of a new viewer's places that find out what they like",
        "deel van de plaatsen van een nieuwe kijker om te ontdekken wat die leuk vindt",
        "andel av en ny seers plasser som finner ut hva de liker",
    ),
    "temperature": (
        "how much chance there is in the order, in units of the score",
        "hoeveel toeval er in de volgorde zit, in eenheden van de score",
        "hvor mye tilfeldighet det er i rekkefølgen, i poeng",
    ),
    "diversity": (
        "score given up for being about the same as the video before",
        "score die verloren gaat als hij over hetzelfde gaat als de vorige",
        "poeng som trekkes for å handle om det samme som den forrige",
    ),
    "fatigue": (
        "score given up, at most, for what you saw much of in the last hours",
        "score die hoogstens verloren gaat voor wat je de laatste uren veel zag",
        "poeng som på det meste trekkes for det du så mye av de siste timene",
    ),
    "author_gap": (
        "videos between two of the same creator",
        "video's tussen twee van dezelfde maker",
        "videoer mellom to av samme skaper",
    ),
    "sound_gap": (
        "videos between two with the same sound",
        "video's tussen twee met hetzelfde geluid",
        "videoer mellom to med samme lyd",
    ),
    "seen_days": (
        "days in which a video that you saw does not come back",
        "dagen waarin een video die je zag niet terugkomt",
        "dager der en video du har sett ikke kommer tilbake",
    ),
}

NOT_USED: tuple[tuple[str, str, str], ...] = (
    (
        "How many followers a creator has, or how many views they had before.",
        "Hoeveel volgers een maker heeft, of hoeveel weergaven die eerder had.",
        "Hvor mange følgere en skaper har, eller hvor mange visninger de har hatt før.",
    ),
    (
        "Your contacts, your location beyond the country that you gave, other apps, the microphone.",
        "Je contacten, je locatie buiten het land dat je opgaf, andere apps, de microfoon.",
        "Kontaktene dine, hvor du er utover landet du oppga, andre apper, mikrofonen.",
    ),
    (
        "Money: nobody can pay for a place in For You without a label.",
        "Geld: niemand kan zonder label betalen voor een plek in Voor jou.",
        "Penger: ingen kan betale for en plass i For deg uten merking.",
    ),
)

PLAIN: tuple[str, str, str] = (
    "Plain shows what is popular and recent in your language and country. Nothing about you is used.",
    "De niet-gepersonaliseerde feed toont wat populair en recent is in je taal en land. Er wordt niets over jou "
    "gebruikt.",
    "Feeden uten personalisering viser det som er populært og nytt på språket og i landet ditt. Ingenting om deg "
    "brukes.",
)

assert set(OUTCOME_WORDS) == set(NAMES)
assert set(ABOUT) == set(ACTIONS) == set(FAMILIES)
