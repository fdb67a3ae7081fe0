"""Keys: shown once, kept as hashes, noticed by whoever else has the file open."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from foryou.access.kept import FILE, SECRET, Kept
from foryou.access.keys import Keys
from foryou.access.rules import Role
from foryou.core.clock import DAY
from foryou.core.errors import BackendError, NotFound, SettingsError

NOW = 1_700_000_000_000


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    opened = Kept(tmp_path, look_s=0)
    yield opened
    opened.close()


@pytest.fixture
def keys(kept: Kept) -> Keys:
    return Keys(kept)


def test_a_secret_finds_its_key_and_nothing_else_does(keys: Keys) -> None:
    key, secret = keys.create("app", [Role.SERVE, Role.INGEST], NOW, "test")
    assert secret.startswith(f"fy_{key.id}_")
    assert keys.find(secret, NOW) == key
    wrong = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    assert [keys.find(no, NOW) for no in (wrong, secret.upper(), secret + "0", secret[3:], "", "fy_", "fy_é")] == [
        None
    ] * 7


def test_a_secret_is_nowhere_in_the_files(keys: Keys, tmp_path: Path) -> None:
    _, secret = keys.create("app", [Role.ADMIN], NOW, "test")
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"app" in written
    assert secret.encode() not in written
    assert secret.rpartition("_")[2].encode() not in written
    assert bytes.fromhex(secret.rpartition("_")[2]) not in written


def test_only_their_owner_reads_the_files(keys: Keys, tmp_path: Path) -> None:
    keys.create("app", [Role.ADMIN], NOW, "test")
    assert {path.name for path in tmp_path.iterdir()} >= {FILE, SECRET}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_the_hashes_of_one_deployment_are_of_no_use_in_another(kept: Kept, keys: Keys, tmp_path: Path) -> None:
    _, secret = keys.create("app", [Role.ADMIN], NOW, "test")
    kept.close()
    (tmp_path / SECRET).unlink()
    moved = Kept(tmp_path)
    assert Keys(moved).find(secret, NOW) is None
    moved.close()


def test_a_key_ends_after_its_days_and_when_it_is_revoked(keys: Keys) -> None:
    _, brief = keys.create("brief", [Role.SERVE], NOW, "test", days=1)
    _, other = keys.create("other", [Role.SERVE], NOW, "test")
    assert keys.find(brief, NOW + DAY - 1) is not None
    assert keys.find(brief, NOW + DAY) is None
    assert keys.find(other, NOW + 1000 * DAY) is not None
    keys.revoke("other", NOW + 5, "test")
    assert keys.find(other, NOW + 6) is None
    with pytest.raises(NotFound, match="no key 'other' that was not revoked"):
        keys.revoke("other", NOW + 7, "test")


def test_another_process_notices_a_new_key_and_a_revoked_one(keys: Keys, tmp_path: Path) -> None:
    server = Kept(tmp_path, look_s=0)
    seen = Keys(server)
    assert not seen.required
    key, secret = keys.create("late", [Role.SERVE], NOW, "test")
    assert seen.required
    assert seen.find(secret, NOW) == key
    keys.revoke(key.id, NOW, "test")
    assert seen.find(secret, NOW) is None
    server.close()


def test_nothing_is_written_before_the_first_key(keys: Keys, tmp_path: Path) -> None:
    assert not keys.required
    assert keys.find("fy_00000000_" + "0" * 64, NOW) is None
    assert list(tmp_path.iterdir()) == []


def test_keys_stay_required_when_the_last_one_is_revoked_or_the_file_goes_away(keys: Keys, tmp_path: Path) -> None:
    keys.create("only", [Role.ADMIN], NOW, "test")
    keys.revoke("only", NOW, "test")
    assert keys.required
    (tmp_path / FILE).unlink()
    assert keys.required


def test_a_file_that_was_put_back_is_read_anew(keys: Keys, tmp_path: Path) -> None:
    elsewhere = Kept(tmp_path / "other", look_s=0)
    Keys(elsewhere).create("restored", [Role.ADMIN], NOW, "test")
    elsewhere.close()
    keys.create("old", [Role.ADMIN], NOW, "test")
    for name in (f"{FILE}-wal", f"{FILE}-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "other" / FILE).replace(tmp_path / FILE)
    assert [key.name for key in keys.all()] == ["restored"]


def test_a_name_is_taken_until_its_key_is_revoked(keys: Keys) -> None:
    keys.create("app", [Role.SERVE], NOW, "test")
    with pytest.raises(SettingsError, match="there is a key app"):
        keys.create("app", [Role.SERVE], NOW, "test")
    keys.revoke("app", NOW, "test")
    keys.create("app", [Role.SERVE], NOW, "test")
    assert [bool(key.revoked) for key in keys.all()] == [True, False]


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "fy_key", "a\nb"])
def test_a_name_that_is_unfit_is_refused(keys: Keys, name: str) -> None:
    with pytest.raises(SettingsError, match="is unfit"):
        keys.create(name, [Role.SERVE], NOW, "test")


def test_a_damaged_file_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    kept = Kept(tmp_path, look_s=0)
    with pytest.raises(BackendError, match=r"keys\.sqlite"):
        assert Keys(kept).required
    kept.close()


def test_a_refused_write_leaves_nothing_behind(kept: Kept, keys: Keys) -> None:
    keys.create("app", [Role.SERVE], NOW, "test")
    with pytest.raises(SettingsError):
        keys.create("app", [Role.SERVE], NOW, "test")
    assert kept.rows("SELECT count(*) FROM audit") == [(1,)]
    with pytest.raises(BackendError), kept.writing() as connection:
        raise sqlite3.OperationalError("disk full")
    assert not connection.in_transaction
