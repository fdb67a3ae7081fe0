"""What people type: events from files and back to files, why, and errors of one line."""

import gzip
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from foryou import cli
from foryou.api import files
from foryou.client import in_process
from foryou.core.errors import SettingsError

NOW = 1_700_000_000_000
ROWS: list[dict[str, object]] = [
    {"id": "d1", "kind": "video", "video": "7", "author": "bo", "duration": 9.5, "hashtags": ["#cats"], "at": NOW},
    {"id": "w1", "kind": "watch", "viewer": "ada", "video": "7", "seconds": 3.5, "replays": 1, "at": NOW + 1},
    {"id": "w2", "kind": "watch", "viewer": "bea", "video": "7", "long_view": True, "at": NOW + 2},
    {"id": "l1", "kind": "like", "viewer": "ada", "video": "7", "at": NOW + 3},
]


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture
def foryou(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs the command in an empty directory, with its data beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORYOU_DATA_URL", "file:data")

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["foryou", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capfd.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, said.out, said.err)

    return run


def as_lines(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_events_come_from_every_kind_of_file_and_count_once(foryou: Command, tmp_path: Path) -> None:
    as_lines(tmp_path / "a.jsonl", ROWS)
    with gzip.open(tmp_path / "a.jsonl.gz", "wb") as packed:
        packed.write((tmp_path / "a.jsonl").read_bytes())
    lines = duckdb.read_json(str(tmp_path / "a.jsonl"), format="newline_delimited")
    lines.write_parquet("a.parquet")
    lines.project("* replace (array_to_string(hashtags, ' ') as hashtags)").write_csv("a.csv")
    for name in ("a.parquet", "a.csv", "a.jsonl", "a.jsonl.gz"):
        ran = foryou("import", name)
        assert ran.status == 0
        assert ("4 accepted, 0 known" if name == "a.parquet" else "0 accepted, 4 known") in ran.err
        assert not Path(f"{name}.refused.jsonl").exists()


def test_tables_of_other_tools_are_read_as_they_are(foryou: Command, tmp_path: Path) -> None:
    duckdb.sql("""
        select 'w' || n as id, 'watch' as kind, 1000 + n as viewer, n as video, to_timestamp(1700000000 + n) as at,
               case when n = 1 then 'nan'::double else n + 0.5 end as seconds,
               case when n = 2 then null else 1::double end as replays, 1::tinyint as long_view
        from range(3) t(n)""").write_parquet(str(tmp_path / "b.parquet"))
    assert "3 accepted" in foryou("import", "b.parquet").err
    told = [json.loads(line) for line in foryou("export").out.splitlines()]
    assert told[0] == {
        "id": "w0", "kind": "watch", "viewer": "1000", "video": "0", "at": NOW, "seconds": 0.5, "replays": 1,
        "long_view": True,
    }  # fmt: skip
    assert ("seconds" in told[1], "replays" in told[2]) == (False, False)


def test_refused_rows_are_told_and_put_aside_with_what_is_wrong(foryou: Command, tmp_path: Path) -> None:
    path = as_lines(tmp_path / "c.jsonl", [ROWS[0], {**ROWS[1], "seconds": -1}, ROWS[3]])
    path.write_text(path.read_text("utf-8") + "\n{broken\n", "utf-8")
    ran = foryou("import", "c.jsonl")
    assert (ran.status, "2 accepted, 0 known before, 2 refused" in ran.err) == (0, True)
    assert "row 2: seconds is below 0.0; expected seconds watched" in ran.err
    aside = [json.loads(line) for line in Path("c.jsonl.refused.jsonl").read_text("utf-8").splitlines()]
    assert [(row["row"], row["field"]) for row in aside] == [(2, "seconds"), (5, "event")]
    assert json.loads(aside[0]["event"])["seconds"] == -1
    assert aside[1]["event"] == "{broken"


def test_an_import_fails_only_if_every_row_was_refused(foryou: Command, tmp_path: Path) -> None:
    as_lines(tmp_path / "d.jsonl", [{"id": "x", "kind": "like"}])
    assert foryou("import", "d.jsonl").status == 1


def test_what_an_import_says_of_videos_is_embedded_by_its_end(foryou: Command, tmp_path: Path) -> None:
    captions = [f"Sourdough bread, loaf {n}" for n in range(600)]
    as_lines(tmp_path / "t.jsonl", [
        {"id": f"u{n}", "kind": "video", "video": f"v{n}", "at": 1_700_000_000_000, "caption": caption}
        for n, caption in enumerate(captions)
    ])  # fmt: skip
    assert "600 accepted" in foryou("import", "t.jsonl").err
    with cli.opened(None, None) as engine:
        assert engine.texts.waiting == 0
        assert len(engine.texts.current()) == 600


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_what_is_exported_can_be_imported_again(foryou: Command, tmp_path: Path, name: str) -> None:
    as_lines(tmp_path / "e.jsonl", ROWS)
    foryou("import", "e.jsonl")
    assert "4 events" in foryou("export", name).err
    assert "4 accepted" in foryou("import", name, "--data", "elsewhere").err
    told = [json.loads(line) for line in foryou("export", "--data", "elsewhere").out.splitlines()]
    assert told == ROWS


def test_why_is_told_in_the_terminal_with_bars_that_add_up(foryou: Command, tmp_path: Path) -> None:
    as_lines(tmp_path / "f.jsonl", ROWS)
    foryou("import", "f.jsonl")
    with cli.opened(None, None) as engine:
        slate = in_process(engine).feed("cleo", n=1)
    ran = foryou("explain", slate.request, "7", "--language", "nb")
    assert ran.status == 0
    assert f"score {slate.items[0]['score']:.4f}" in ran.out
    assert [line.split()[-1] for line in ran.out.splitlines() if line.strip().startswith("together")] == [
        f"{slate.items[0]['score']:+.4f}"
    ] * 2


def test_the_way_of_a_video_is_drawn_in_the_terminal(foryou: Command, tmp_path: Path) -> None:
    as_lines(tmp_path / "r.jsonl", ROWS)
    foryou("import", "r.jsonl")
    ran = foryou("reach", "7")
    assert ran.status == 0
    assert "stage 0 of 0 to 4" in ran.out
    assert "goes on above" in ran.out
    assert "there is no video 'what?'" in foryou("reach", "what?").err
    assert "explanations are kept for 30 days" in foryou("explain", "1", "7").err


def test_who_only_asks_begins_no_log(foryou: Command, tmp_path: Path) -> None:
    for words in (
        *(("reach", "7"), ("explain", "1", "7"), ("rebuild",), ("export", "all.jsonl"), ("export",)),
        *(("models", "list"), ("models", "rollback", "r-7")),
    ):
        ran = foryou(*words, "--data", "nosuchdir")
        assert ran.status == 2 and "there is no log in nosuchdir" in ran.err
    assert not (tmp_path / "nosuchdir").exists() and not (tmp_path / "all.jsonl").exists()


def test_an_error_says_names_as_they_are(foryou: Command, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("class A:\n    def __init__(self, x): pass\n")
    assert "own.py:A: missing a required argument" in foryou("simulate", "--policy", "own.py:A").err


def test_the_package_runs_as_the_command_and_loads_nothing_that_draws() -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "foryou", "reach", "--help"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "how far a video has come" in ran.stdout
    assert "foryou.plots" in ran.stderr and "matplotlib" not in ran.stderr


def test_tables_are_made_again_from_the_log(foryou: Command, tmp_path: Path) -> None:
    as_lines(tmp_path / "g.jsonl", ROWS)
    foryou("import", "g.jsonl")
    assert "Rebuilt from 4 events" in foryou("rebuild").err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("import", "nowhere.csv"), "there is no file nowhere.csv"),
        (("import", "pyproject.xlsx"), "there is no file pyproject.xlsx"),
        (("import", "kuairand", "nowhere"), "nowhere has no impressions.parquet"),
        (("serve", "--config", "nowhere.toml"), "cannot read the settings file nowhere.toml"),
        (("serve", "--port", "70000"), "server.port is 70000; expected 1 to 65535"),
        (("serve", "--data", "ftp:x"), "ftp"),
        (("explain", "1", "v"), "there is no log in data"),
        (("explain", "1", "v", "--language", "fr"), "language: 'fr' is not spoken; expected en, nb or nl"),
        (("explain", "1", "v", "--server", "http://127.0.0.1:9"), "cannot reach http://127.0.0.1:9"),
        (("serve", "--warm-start", "nowhere.npz"), "nowhere.npz cannot be read"),
        (("export", "events.doc"), "expected a name that ends in .jsonl or .parquet"),
        (("export", "nowhere/events.jsonl"), "file: there is no directory nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    foryou: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    with socket.socket() as free:  # the usual port may be taken, by a demo for instance
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("FORYOU_SERVER_PORT", str(free.getsockname()[1]))
    ran = foryou(*arguments)
    assert ran.status == 2
    assert says in ran.err
    assert "Traceback" not in ran.err
    assert len([line for line in ran.err.splitlines() if line.startswith("foryou:")]) == 1


def test_a_file_of_no_known_format_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"PK")
    with pytest.raises(SettingsError, match=r"expected one of \.parquet"):
        files.read(tmp_path / "x.xlsx")
    (tmp_path / "x.parquet").write_bytes(b"PK")
    with pytest.raises(SettingsError, match="cannot read"):
        next(files.read(tmp_path / "x.parquet"))


def test_models_are_listed_and_gone_back_to(foryou: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORYOU_LEARNING_KEEP_EVERY", "2")
    rows = [{"id": f"{kind}{n}", "kind": kind, "viewer": f"u{n}", "video": "7", "at": NOW + n, **more}
            for n in range(5) for kind, more in (("impression", {}), ("watch", {"seconds": 3.0}))]  # fmt: skip
    for n in range(0, 10, 2):
        assert foryou("import", str(as_lines(tmp_path / f"{n}.jsonl", rows[n : n + 2]))).status == 0
    # What comes within a tenth of a second is one lesson, so the clock decides at which rows versions are kept.
    kept = re.findall(r"^ *r-(\d+) ", foryou("models", "list").out, re.MULTILINE)
    assert len(kept) >= 2
    assert "there is no model 'r-0'; there are r-" in foryou("models", "rollback", "r-0").err
    assert f"r1-{kept[0]}" in foryou("models", "rollback", f"r-{kept[0]}").err
    assert f"In use: r1-{kept[0]}." in foryou("models", "list").out


def test_help_lists_every_command(foryou: Command) -> None:
    told = foryou("--help").out
    assert all(name in told for name in ("serve", "import", "explain", "rebuild", "export", "models"))
