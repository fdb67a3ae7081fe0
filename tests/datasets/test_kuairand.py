"""KuaiRand as events: nothing is lost, nothing is made up, and what is learned from it holds on what comes next."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foryou.backends.open import open_backend
from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.errors import NotFound, SettingsError
from foryou.core.event import Kind
from foryou.core.heads import HEADS
from foryou.core.ids import id_of
from foryou.datasets.kuairand import FILES, KuaiRand, between, day_ms
from foryou.evaluation.calibration import ece
from foryou.evaluation.ranking import auc
from foryou.features.fold import create_tables
from foryou.models.ranker import Ranker
from foryou.training import validate
from foryou.training.stream import Learner, LearningSettings

DATA = Path(__file__).parents[2] / "data" / "kuairand-pure"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Three impressions of two viewers, one sequence, two videos."""
    start = day_ms(date(2022, 4, 20))
    yes, no = "true", "false"
    rows = [
        (1, 10, start, yes, no, yes, no, no, no, yes, 30000, 20000, 0),
        (1, 11, start + 60_000, no, no, no, no, no, yes, no, 400, 9000, 1),
        (2, 10, start + 5, yes, yes, no, yes, yes, no, no, 5000, 20000, 1),
    ]
    values = ", ".join("({}, {}::smallint, {}::bigint, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}::tinyint)".format(*row)
                       for row in rows)  # fmt: skip
    for name, query in {
        "impressions": f"""select * from (values {values})
            t(user_id, video_id, time_ms, is_like, is_follow, is_comment, is_forward, is_profile_enter, is_hate,
              long_view, play_time_ms, duration_ms, tab)""",
        "sequences": f"""select 1 as user_id, {start - DAY}::bigint as last_time_ms,
            [11::smallint, 10::smallint] as watch_seq, [10::smallint] as like_seq, [10::smallint] as long_watch_seq,
            5 as n_train_exposures""",
        "videos": """select * from (values
            (10::smallint, 7, '2022-04-01', 20000, '3,5', 99, 720, 1280), (11::smallint, 8, '', 9000, '', -1, 0, 0))
            t(video_id, author_id, upload_dt, video_duration, tag, music_id, server_width, server_height)""",
    }.items():
        duckdb.sql(f"copy ({query}) to '{tmp_path}/{name}.parquet'")
    return tmp_path


def told(batch: Batch) -> list[tuple[str, int, float, int]]:
    return [
        (Kind(kind).wire, at, round(seconds, 3), long_view)
        for kind, at, seconds, long_view in zip(
            batch["kind"].tolist(),
            batch["at"].tolist(),
            batch["seconds"].tolist(),
            batch["long_view"].tolist(),
            strict=True,
        )
    ]


def test_impressions_become_events_in_the_order_in_which_they_happened(tiny: Path) -> None:
    data, start = KuaiRand(tiny), day_ms(date(2022, 4, 20))
    (batch,) = data.exposures(data.impressions())
    assert told(batch) == [
        ("impression", start, -1, -1),
        ("watch", start, 30.0, 1),
        ("like", start, -1, -1),
        ("comment", start, -1, -1),
        ("impression", start + 5, -1, -1),
        ("watch", start + 5, 5.0, 0),
        ("like", start + 5, -1, -1),
        ("share", start + 5, -1, -1),
        ("follow", start + 5, -1, -1),
        ("visit", start + 5, -1, -1),
        ("impression", start + 60_000, -1, -1),
        ("watch", start + 60_000, 0.4, 0),
        ("not_interested", start + 60_000, -1, -1),
    ]
    assert batch["viewer"][0] == id_of("viewer", "kr-1")
    assert set(batch["author"].tolist()) == {id_of("author", "kr-7"), id_of("author", "kr-8")}
    assert len(set(batch["id"].tolist())) == len(batch)


@pytest.mark.parametrize(
    ("file", "column"), [("videos", "upload_dt"), ("videos", "server_height"), ("impressions", "tab")]
)
def test_a_column_that_is_not_there_is_named(file: str, column: str, tiny: Path) -> None:
    path = tiny / f"{file}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table rows as select * exclude ({column}) from '{path}'")
        connection.execute(f"copy rows to '{path}' (format parquet)")
    with pytest.raises(SettingsError, match=f"no column {column}"):
        list(KuaiRand(tiny).events())


ODD = {
    "user_id": ("null", "-1", "32767"),
    "video_id": ("null", "-1", "9999"),
    "time_ms": ("null", "0", "4000000000000"),
    "is_like": ("null", "true"),
    "long_view": ("null",),
    "play_time_ms": ("null", "-5", "2147483647"),
    "tab": ("null", "-3", "127"),
    "upload_dt": ("null", "''", "'yesterday'", "'2022-02-30'", "'0001-01-01'"),
    "video_duration": ("null", "-1", "2147483647"),
    "tag": ("null", "','", "'1,2,3,4,5,6,7,8,9,10'"),
    "music_id": ("null", "0"),
    "server_width": ("null", "-1"),
    "watch_seq": ("null", "[]::smallint[]", "[null]::smallint[]"),
    "like_seq": ("null", "[]::smallint[]"),
    "n_train_exposures": ("null", "0"),
}
"""Values that none of its columns should have, and some that only look so, in SQL."""


@given(
    name=st.sampled_from(FILES),
    odd=st.dictionaries(st.sampled_from(sorted(ODD)), st.integers(0, 9), max_size=4),
    flips=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), max_size=2),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_directory_is_read_as_events_or_refused_by_what_is_wrong(
    name: str, odd: dict[str, int], flips: list[tuple[int, int]], tiny: Path
) -> None:
    path = tiny / f"{name}.parquet"
    kept = path.read_bytes()
    with duckdb.connect() as connection:
        columns = connection.sql(f"from '{path}'").columns
        values = [
            f"case when true then {ODD[each][odd[each] % len(ODD[each])]} else {each} end as {each}"
            if each in odd
            else each
            for each in columns
        ]
        connection.execute(f"copy (select {', '.join(values)} from '{path}') to '{tiny}/odd' (format parquet)")
    try:
        path.write_bytes((tiny / "odd").read_bytes())
        changed = bytearray(path.read_bytes())
        for at, bits in flips:
            changed[at % len(changed)] ^= bits
        path.write_bytes(changed)
        try:
            batches = list(KuaiRand(tiny).events())
        except SettingsError as refused:
            assert str(tiny) in str(refused) or "upload_dt" in str(refused)
            return
        for batch in batches:
            assert len(batch["raw"]) == len(batch)
            for raw, kind in zip(batch["raw"].tolist(), batch["kind"].tolist(), strict=True):
                assert msgspec.msgpack.decode(raw)["kind"] == Kind(kind).wire
    finally:
        path.write_bytes(kept)


def test_sequences_say_what_they_know_and_no_seconds(tiny: Path) -> None:
    (batch,) = KuaiRand(tiny).history()
    watches = batch.take(batch["kind"] == Kind.WATCH)
    assert watches["long_view"].tolist() == [0, 1]
    assert watches["seconds"].tolist() == [-1, -1]
    assert watches["video"].tolist() == [id_of("video", "kr-11"), id_of("video", "kr-10")]
    assert (batch["kind"] == Kind.LIKE).sum() == 1
    assert watches["at"][-1] == day_ms(date(2022, 4, 19))
    assert watches["at"][0] < watches["at"][1]


def test_videos_are_placed_at_their_upload_and_unknown_numbers_stay_unknown(tiny: Path) -> None:
    videos = KuaiRand(tiny).videos()
    assert videos["at"][0] == videos["uploaded"][0] == day_ms(date(2022, 4, 1))
    assert videos["duration"].tolist() == [20.0, 9.0]
    assert videos["sound"].tolist() == [id_of("sound", "kr-99"), 0]
    assert (videos["topics"] != 0).sum(axis=1).tolist() == [2, 0]
    assert videos["width"].tolist() == [720, 0]


def test_a_log_can_end_now_moved_by_whole_days(tiny: Path) -> None:
    now = day_ms(date(2026, 1, 10))
    data = KuaiRand(tiny)
    moved = data.ending(now)
    assert moved.shift_ms % DAY == 0
    last = int(moved.impressions()["time_ms"].max())
    assert now - DAY < last <= now


def test_the_same_ids_come_from_every_reading_and_none_twice(tiny: Path) -> None:
    one, again = (list(KuaiRand(tiny).events()) for _ in range(2))
    ids = [number for batch in one for number in batch["id"].tolist()]
    assert ids == [number for batch in again for number in batch["id"].tolist()]
    assert len(set(ids)) == len(ids)


def test_the_test_days_of_the_protocol_are_days_of_the_log_and_nothing_of_them_is_learned() -> None:
    data = KuaiRand(DATA)
    test = between(data.impressions(), date(2022, 5, 1), date(2022, 5, 5))
    assert (len(test["date"]), len(np.unique(test["user_id"]))) == (75_129, 18_911)
    learned = sum(int((batch["kind"] == Kind.IMPRESSION).sum()) for batch in data.events(date(2022, 5, 1)))
    assert learned == data.size() - (data.impressions()["date"] >= 20220501).sum()
    assert sum(len(batch) for batch in data.history(date(2022, 4, 15))) < sum(len(batch) for batch in data.history())


def test_the_projects_own_copy_is_whole_and_in_the_order_of_time() -> None:
    data = KuaiRand(DATA)
    when = data.impressions()["time_ms"]
    assert (np.diff(when) >= 0).all()
    assert len(when) == 166_934
    assert data.size() == 166_934 + 817_187
    assert len(data.videos()) == 7_583


def test_a_file_that_is_missing_is_named(tiny: Path) -> None:
    (tiny / "videos.parquet").unlink()
    with pytest.raises(NotFound, match=r"has no videos\.parquet"):
        KuaiRand(tiny)


@pytest.fixture(scope="module")
def slice_of_the_log() -> tuple[np.ndarray, Batch, Batch]:
    """The first 60,000 impressions, each predicted before it was learned: videos, predictions and outcomes."""
    data = KuaiRand(DATA)
    store = open_backend("memory:").store
    create_tables(store)
    learner = Learner(Ranker(seed=1), LearningSettings(seed=1))
    parts: list[tuple[np.ndarray, Batch, Batch]] = []
    learner.listener = lambda examples, predicted: parts.append(
        (examples.pairs.items["item"], predicted, examples.outcomes)
    )
    rows = {name: values[:60_000] for name, values in data.impressions().items()}
    validate.learn_all(learner, store, [data.videos(), *data.exposures(rows)])
    item, predicted, outcomes = zip(*parts, strict=True)
    return np.concatenate(item), Batch.concat(list(predicted)), Batch.concat(list(outcomes))


def running_mean(item: np.ndarray, label: np.ndarray, shrink: float = 20.0) -> np.ndarray:
    """For each row the share of positives of its video in the rows before it, shrunk to the share of all before it."""
    _, row = np.unique(item, return_inverse=True)
    shown, happened = np.zeros(row.max() + 1), np.zeros(row.max() + 1)
    overall = (np.cumsum(label) - label + 1) / (np.arange(len(label)) + 2)
    out = np.zeros(len(label))
    for place, (number, positive) in enumerate(zip(row.tolist(), label.tolist(), strict=True)):
        out[place] = (happened[number] + shrink * overall[place]) / (shown[number] + shrink)
        shown[number] += 1
        happened[number] += positive
    return out


LATER = slice(30_000, None)
"""The first half is for learning."""


@pytest.mark.slow
@pytest.mark.mission("NL-20")
@pytest.mark.mission("NO-09")
def test_every_head_that_happens_often_enough_is_calibrated_on_rows_not_yet_learned(
    slice_of_the_log: tuple[np.ndarray, Batch, Batch],
) -> None:
    _, predicted, outcomes = slice_of_the_log
    assert len(outcomes) > 59_000
    checked = {}
    for head in HEADS:
        known = np.flatnonzero(np.isfinite(outcomes[head.name][LATER])) + 30_000
        label = outcomes[head.name][known]
        if head.kind == "binary" and label.sum() >= 200:
            checked[head.name] = ece(label, predicted[head.name][known])
    assert {"long_view", "finish", "skip", "like", "visit"} <= set(checked)
    assert max(checked.values()) <= 0.02, checked


@pytest.mark.slow
@pytest.mark.mission("NO-09")
@pytest.mark.parametrize("name", ["long_view", "like"])
def test_predictions_beat_the_popularity_of_the_video(
    slice_of_the_log: tuple[np.ndarray, Batch, Batch], name: str
) -> None:
    item, predicted, outcomes = slice_of_the_log
    label = outcomes[name]
    assert np.isfinite(label).all()
    popularity = running_mean(item, label)
    assert auc(label[LATER], predicted[name][LATER]) > auc(label[LATER], popularity[LATER]) + 0.01
