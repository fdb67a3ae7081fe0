"""What words mean on a site is learned from its own texts."""

from __future__ import annotations

import numpy as np

from benchmarks.quality.captions import LANGUAGES, TOPICS, caption
from foryou.text.embedder import DIM, Vectors
from foryou.text.hashed import Hashed
from foryou.text.learned import FEWEST, Learned

NONE = np.zeros((0, DIM), np.float32)


def captions(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Captions in one language each, and what each is about."""
    rng = np.random.default_rng(seed)
    about = [list(TOPICS)[n % len(TOPICS)] for n in range(count)]
    said = [LANGUAGES[n // len(TOPICS) % len(LANGUAGES)] for n in range(count)]
    return [caption(topic, language, rng) for topic, language in zip(about, said, strict=True)], [
        f"{topic} {language}" for topic, language in zip(about, said, strict=True)
    ]


def told_apart(vectors: Vectors, about: list[str]) -> float:
    """How often two texts on one topic are more alike than two on different ones."""
    alike = vectors @ vectors.T
    same = np.array(about)[:, None] == np.array(about)[None, :]
    other = alike[~same]
    np.fill_diagonal(same, val=False)
    rng = np.random.default_rng(1)
    return float((rng.choice(alike[same], 4000) > rng.choice(other, 4000)).mean())


def learned(texts: list[str]) -> Learned:
    made = Learned()
    made.learn(texts, np.zeros((len(texts), DIM), np.float32), len(texts))
    return made


def test_topics_are_told_apart_better_than_by_shared_words() -> None:
    texts, _ = captions(1_500, 1)
    others, about = captions(300, 2)
    assert told_apart(learned(texts)(others), about) > told_apart(Hashed()(others), about) + 0.05


def test_two_texts_are_alike_by_the_company_of_their_words() -> None:
    texts = [
        f"{one} {other}"
        for _ in range(60)
        for one, other in (("dough", "oven"), ("oven", "flour"), ("striker", "goal"), ("goal", "referee"))
    ] + [f"word{n} thing{n} other{n} word{n + 1} thing{n + 1}" for n in range(200)]
    dough, flour, striker = learned(texts)(["dough", "flour", "striker"])
    assert dough @ flour > dough @ striker + 0.3


def test_a_new_reading_stays_in_the_space_of_the_one_before() -> None:
    texts, _ = captions(1_200, 3)
    made = learned(texts[:400])
    before = made(texts)
    assert made.learn(texts, before, len(texts))
    assert (made(texts) * before).sum(axis=1).mean() > 0.7


def test_with_few_texts_it_is_the_shared_words_and_learning_is_due_at_each_doubling() -> None:
    made = Learned()
    assert made(["bread and butter"]).tobytes() == Hashed()(["bread and butter"]).tobytes()
    assert not made.due(FEWEST - 1) and made.due(FEWEST)
    texts, _ = captions(300, 4)
    assert not made.learn(texts, np.zeros((300, DIM), np.float32), 300)
    assert not made.due(599) and made.due(600)


def test_the_same_texts_make_the_same_vectors() -> None:
    texts, _ = captions(300, 5)
    assert learned(texts)(texts).tobytes() == learned(texts)(texts).tobytes()


def test_texts_that_say_nothing_in_common_are_learned_nothing_from() -> None:
    made = learned([f"only{n}" for n in range(FEWEST)])
    assert made(["only1"]).tobytes() == Hashed()(["only1"]).tobytes()
