"""The audit of what is locked finds what is wrong; the lock itself has nothing wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts import dependencies
from scripts.dependencies import known_bad, npm_problems, out_of_step, read_lock, unhashed

HASH = "--hash=sha256:" + "0" * 64
LOCK = f"""
numpy==2.4.6 ; python_version < '3.0' \\
    {HASH}
numpy==2.5.5 \\
    {HASH} \\
    {HASH}
litestar==2.25.0
"""


def test_the_locks_are_whole_hashed_in_step_and_not_known_to_be_weak() -> None:
    assert [line for line in dependencies.problems() if "make setup" not in line] == []


def test_no_lock_names_a_registry() -> None:
    for name in (*dependencies.LOCKS, "dev.in", "node.in", "advisories.toml"):
        text = (dependencies.ROOT / "requirements" / name).read_text("utf-8")
        assert "://" not in text
        assert "--index" not in text


def test_a_pin_is_read_with_where_it_applies_and_its_hashes() -> None:
    pins = read_lock(LOCK)
    assert [(pin.name, str(pin.version), pin.hashes, pin.here) for pin in pins] == [
        ("numpy", "2.4.6", 1, False), ("numpy", "2.5.5", 2, True), ("litestar", "2.25.0", 0, True)
    ]  # fmt: skip
    assert list(unhashed(pins)) == ["litestar 2.25.0 has no hash"]


@pytest.mark.parametrize("line", ["numpy>=2", "numpy", "-e .", "--index-url=x", f"numpy==2 {HASH[:-1]}", "a @ file:b"])
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no exact version"):
        read_lock(line)


def test_what_is_wanted_and_not_locked_is_named() -> None:
    wanted = [Requirement(line) for line in ("numpy>=3", "litestar>=2", "scipy", "colorama ; sys_platform == 'win95'")]
    assert list(out_of_step(read_lock(LOCK), wanted)) == [
        "numpy>=3 is locked at 2.5.5: run `make lock`", "scipy is not locked: run `make lock`"
    ]  # fmt: skip


def test_a_version_with_a_known_weakness_is_named() -> None:
    listed = tomllib.loads((dependencies.ROOT / "requirements" / "advisories.toml").read_text("utf-8"))
    locked = [("pyjwt", "2.10.0"), ("h11", "0.14.0"), ("h11", "0.16.0")]
    assert [line.split(":")[0] for line in known_bad(locked, listed["python"])] == ["pyjwt 2.10.0", "h11 0.14.0"]


def test_a_package_of_the_page_needs_its_integrity_and_a_licence() -> None:
    good = {"version": "1.0.0", "integrity": "sha512-x", "license": "MIT"}
    packages = {
        "": {},
        "node_modules/good": good,
        "node_modules/a/node_modules/bare": {**good, "integrity": ""},
        "node_modules/own": {**good, "license": "SEE LICENSE IN FILE"},
        "node_modules/viral": {**good, "license": "AGPL-3.0-only"},
    }
    assert [line.split(" ")[0] for line in npm_problems({"packages": packages})] == ["bare", "own", "viral"]


def test_a_service_that_does_not_answer_is_not_taken_for_one_that_found_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\necho "$ANSWER"\nexit 1\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("ANSWER", '{"error": {"code": "ENOAUDIT"}}')
    assert dependencies.ask_npm(tmp_path) is None
    monkeypatch.setenv("ANSWER", '{"vulnerabilities": {"vite": {"severity": "high"}}}')
    assert dependencies.ask_npm(tmp_path) == ["vite: high"]
