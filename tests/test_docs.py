"""The documentation says all there is, points where there is something, and shows only what works."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from docs import reference
from foryou.api.routes import ROUTES
from foryou.api.schema import FIELDS
from foryou.api.server import application, watched
from foryou.app import Engine
from foryou.core.event import EVENT, KINDS
from foryou.core.heads import HEADS
from foryou.core.inputs import FAMILIES, INPUTS
from foryou.settings import Setting, describe, load

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "data" / "README.md")
)
SHOWN = "http://127.0.0.1:8080"
"""Where the server is in the pages."""
VOCABULARY = (
    "event", "batch", "request", "view", "source", "hydrator", "filter", "scorer", "reranker", "pipeline", "clock",
    "log", "store", "index", "model", "heads", "explanations", "learning",
)  # fmt: skip


def text_of(page: Path | str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: Path | str, *languages: str) -> list[tuple[str, str]]:
    """The code blocks of a page in these languages, in order: language and text."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)
    return [(language, code) for language, code in found if language in languages]


# --- the reference ----------------------------------------------------------------------------------------------------


def test_the_generated_reference_is_what_the_code_says() -> None:
    assert reference.main(["--check"]) == 0


@pytest.mark.parametrize("setting", list(describe()), ids=lambda setting: setting.key)
def test_every_setting_is_in_the_reference_with_its_meaning(setting: Setting) -> None:
    page = text_of("docs/reference/settings.md")
    assert f"`{setting.key}`" in page
    assert f"`{setting.variable}`" in page
    assert setting.help


def test_every_event_kind_field_and_column_is_in_the_reference() -> None:
    page = text_of("docs/reference/events.md")
    missing = [
        name
        for name in (*(kind.wire for kind in KINDS), *FIELDS, *(f.name for f in EVENT))
        if f"| `{name}` |" not in page
    ]
    assert missing == []


def test_every_head_is_in_the_reference() -> None:
    page = text_of("docs/reference/heads.md")
    assert [head.name for head in HEADS if f"| `{head.name}` |" not in page] == []


def test_every_input_and_family_is_in_the_reference() -> None:
    page = text_of("docs/reference/inputs.md")
    assert [name for name in (*FAMILIES, *(known.name for known in INPUTS)) if f"| `{name}` |" not in page] == []


def test_every_command_is_in_the_reference() -> None:
    page = text_of("docs/reference/commands.md")
    assert [name for name in commands() if f"## foryou {name}\n" not in page] == []


def test_every_route_is_in_the_reference() -> None:
    page = text_of("docs/reference/http.md")
    paths = {re.sub(r":\w+}", "}", path) for route in ROUTES for path in route.paths}
    assert [
        path for path in sorted(paths) if not re.search(rf"^## [A-Z]+ {re.escape(path)}$", page, re.MULTILINE)
    ] == []


def test_every_word_of_the_vocabulary_has_its_page() -> None:
    assert sorted(path.stem for path in (ROOT / "docs" / "concepts").glob("*.md")) == sorted(VOCABULARY)


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (ROOT / page).parent / path if path else ROOT / page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub links to them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


# --- code -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_that_are_shown_exist(page: Path) -> None:
    wrong = [line for _, code in blocks(page, "sh") for line in code.splitlines() if not exists(line)]
    assert wrong == []


def exists(line: str) -> bool:
    """Whether a line of shell starts with a target of make, a command of ours with its options, or a module of ours."""
    words = shlex.split(line, comments=True) if line.count("'") % 2 == 0 else line.split()
    if words[:1] == ["make"]:
        return all(re.search(rf"^{word}:", text_of("Makefile"), re.MULTILINE) for word in words[1:] if "=" not in word)
    if words[:1] == ["foryou"]:
        known = commands()
        name = next((name for name in (" ".join(words[1:3]), words[1]) if name in known), None)
        options = [word for word in words[2:] if word.startswith("--")]
        return name is not None and all(option in known[name] for option in options)
    if words[:2] == ["python", "-m"] and words[2].split(".")[0] in {"docs", "foryou", "benchmarks"}:
        return importlib.util.find_spec(words[2]) is not None
    return True


def commands() -> dict[str, set[str]]:
    """Every command with its options, from the reference that is checked against the code."""
    page = text_of("docs/reference/commands.md")
    sections = re.split(r"^## foryou ", page, flags=re.MULTILINE)[1:]
    known = {section.split("\n", 1)[0]: set(re.findall(r"`(--[\w-]+)`", section)) for section in sections}
    assert set(known) == {name for name, _ in reference.commands()}
    return known


WITH_CODE = [page for page in PAGES if blocks(page, "python") or any("curl" in code for _, code in blocks(page, "sh"))]


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_CODE, ids=str)
def test_code_that_is_shown_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for language, code in blocks(page, "python", "sh"):
        if language == "python":
            exec(compile(code.replace(SHOWN, server), str(page), "exec"), names)
        elif "curl " in code or re.match(r"foryou (import|export|rebuild|explain) ", code):
            in_shell(code.replace(SHOWN, server), tmp_path)


def in_shell(code: str, where: Path) -> None:
    """Run a block as a reader would; an answer that is an error fails it."""
    if "curl " in code and shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    ours = f"{shlex.quote(sys.executable)} -m foryou.cli"
    start = f"""set -aeuo pipefail
        curl() {{ command curl --fail-with-body "$@"; }}
        foryou() {{ {ours} "$@"; }}
        if [ -f variables ]; then . ./variables; fi
        """
    end = "\nexport -p | grep -E ' (REQUEST|VIDEO)=' > variables || true  # as in one shell\n"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", start + code + end],
        cwd=where,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server that keeps nothing."""
    engine = Engine.open(load(environment={"FORYOU_DATA_URL": "memory:"}))
    config = uvicorn.Config(watched(application(engine)), port=0, log_config=None, access_log=False, ws="none")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join()
    engine.close()


def test_the_layers_in_the_architecture_are_those_that_are_checked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert "```\n" + "\n".join(layers) + "\n```" in (ROOT / "ARCHITECTURE.md").read_text("utf-8")
