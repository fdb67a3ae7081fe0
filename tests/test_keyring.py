"""What people type about keys: made, listed, revoked, and what admins did."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from foryou import cli
from foryou.access.kept import Kept
from foryou.access.keys import Keys
from foryou.access.rules import Role
from foryou.core.clock import SystemClock


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
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["foryou", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capfd.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, said.out, said.err)

    return run


def test_a_key_is_printed_once_and_opens_what_it_is_for(foryou: Command) -> None:
    made = foryou("key", "create", "app", "--role", "serve", "--role", "ingest", "--days", "30", "--per-minute", "600")
    secret = made.out.strip()
    assert re.fullmatch(r"fy_[0-9a-f]{8}_[0-9a-f]{64}", secret)
    assert "It is the first one" in made.err
    assert secret not in made.err
    kept = Kept(Path("data"))
    key = Keys(kept).find(secret, SystemClock()())
    kept.close()
    assert key is not None
    assert (key.roles, key.per_minute) == ({Role.SERVE, Role.INGEST}, 600)
    listed = foryou("key", "list").out
    assert re.search(rf"{key.id} +app +ingest serve .* 600 +counts", listed)
    assert secret[12:] not in listed


def test_a_revoked_key_is_listed_as_such_and_the_last_one_is_warned_of(foryou: Command) -> None:
    foryou("key", "create", "ops", "--role", "admin")
    assert "It is the first" not in foryou("key", "create", "app", "--role", "serve").err
    assert "No key is left" not in foryou("key", "revoke", "app").err
    assert "No key is left" in foryou("key", "revoke", "ops").err
    assert foryou("key", "list").out.count("revoked") == 2
    again = foryou("key", "revoke", "ops")
    assert (again.status, "no key 'ops'" in again.err) == (2, True)


def test_a_role_that_there_is_not_is_refused(foryou: Command) -> None:
    assert foryou("key", "create", "app", "--role", "root").status == 2
    assert foryou("key", "create", "app").status == 2
    assert not Path("data/keys.sqlite").exists()


def test_nothing_is_kept_where_nothing_is_kept(foryou: Command) -> None:
    ran = foryou("key", "create", "app", "--role", "serve", "--data", "memory:")
    assert (ran.status, "keeps no keys" in ran.err) == (2, True)


def test_the_audit_log_tells_of_keys_and_never_a_secret(foryou: Command) -> None:
    secret = foryou("key", "create", "ops", "--role", "admin").out.strip()
    foryou("key", "rotate")
    foryou("key", "revoke", "ops")
    told = foryou("audit")
    assert told.status == 0
    assert re.findall(r"key create ops \(admin\)|key rotate|key revoke ops", told.out) == [
        "key create ops (admin)", "key rotate", "key revoke ops"
    ]  # fmt: skip
    assert secret not in told.out
    assert "key create" not in foryou("audit", "--last", "1").out
    assert foryou("audit", "--viewer", "ada").out.count("key") == 0


def test_an_audit_log_that_was_tampered_with_fails_the_command(foryou: Command) -> None:
    foryou("key", "create", "ops", "--role", "admin")
    kept = Kept(Path("data"))
    with kept.writing() as connection:
        connection.execute("DROP TRIGGER audit_stays")
        connection.execute("UPDATE audit SET who = 'somebody else'")
    kept.close()
    ran = foryou("audit")
    assert (ran.status, "line 1 is not as it was written" in ran.err) == (1, True)


def test_a_server_for_everybody_needs_an_admin_key_first(foryou: Command) -> None:
    refused = foryou("serve", "--host", "0.0.0.0", "--port", "1")
    assert refused.status == 2
    assert "foryou key create NAME --role admin" in refused.err
