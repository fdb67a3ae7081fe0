"""Passkeys as they are kept: in a file that several processes share, and challenges that any of them knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from foryou.access.accounts import Account, Accounts
from foryou.access.passkeys import CHALLENGE_MS
from foryou.core.errors import Forbidden, InvalidEvent, Unidentified

NOW = 1_700_000_000_000
HOST = "foryou.example"
PUBLIC = b"a public key"


def somebody(accounts: Accounts) -> Account:
    return accounts.sign_up("Ada", "correct horse", 1990, "en", "", NOW)


def test_one_process_knows_the_challenges_of_another_and_which_were_answered(tmp_path: Path) -> None:
    one, other = Accounts(tmp_path), Accounts(tmp_path)
    ada = somebody(one)
    challenge = one.passkeys.challenge(ada.id, HOST, NOW)
    other.passkeys.check(challenge, ada.id, HOST, NOW + CHALLENGE_MS - 1)
    other.passkeys.add(ada.id, HOST, (b"credential", PUBLIC, 0), "key", challenge, NOW)
    for accounts in (one, other):
        with pytest.raises(Forbidden):
            accounts.passkeys.check(challenge, ada.id, HOST, NOW)
    with pytest.raises(Forbidden):
        one.passkeys.add(ada.id, HOST, (b"another", PUBLIC, 0), "key", challenge, NOW)
    assert [each.credential for each in one.passkeys.of_account(ada.id)] == [b"credential"]
    one.close()
    other.close()


def test_a_challenge_counts_for_nobody_else_nowhere_else_and_no_longer() -> None:
    kept = Accounts(None).passkeys
    challenge = kept.challenge("ada", HOST, NOW)
    kept.check(challenge, "ada", HOST, NOW)
    later = challenge[:16] + (NOW + 2 * CHALLENGE_MS).to_bytes(8) + challenge[24:]
    for made_up in (
        (challenge, "bo", HOST, NOW),
        (challenge, "", HOST, NOW),
        (challenge, "ada", "evil.example", NOW),
        (challenge, "ada", HOST, NOW + CHALLENGE_MS),
        (later, "ada", HOST, NOW),
        (b"", "ada", HOST, NOW),
    ):
        with pytest.raises(Forbidden, match="challenge"):
            kept.check(*made_up)


def test_a_use_is_noted_once_and_not_of_a_passkey_that_was_removed_meanwhile(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    kept, ada = accounts.passkeys, somebody(accounts)
    first, second, third = (kept.challenge(ada.id, HOST, NOW) for _ in range(3))
    passkey = kept.add(ada.id, HOST, (b"credential", PUBLIC, 3), "key", first, NOW)
    kept.note_use(passkey, 4, second, NOW + 1)
    assert [(each.signed, each.used) for each in kept.of_account(ada.id)] == [(4, NOW + 1)]
    with pytest.raises(Forbidden):  # another signature that was checked against the same count
        kept.note_use(passkey, 4, third, NOW)
    (now,) = kept.of_account(ada.id)
    assert kept.remove(ada.id, passkey.id) and not kept.remove(ada.id, passkey.id)
    with pytest.raises(Forbidden):
        kept.note_use(now, 5, third, NOW)
    accounts.close()


def test_a_deleted_account_takes_its_passkeys_along(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    kept, ada = accounts.passkeys, somebody(accounts)
    passkey = kept.add(ada.id, HOST, (b"credential", PUBLIC, 0), "key", kept.challenge(ada.id, HOST, NOW), NOW)
    handle = kept.handle_of(ada.id)
    assert kept.find(b"credential", handle) == passkey and kept.find(b"credential", b"") is None
    accounts.delete(ada)
    assert kept.find(b"credential", handle) is None
    with pytest.raises(Unidentified):
        accounts.of_passkey(passkey)
    assert kept.of_account(ada.id) == []
    accounts.close()


def test_a_passkey_is_one_accounts(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    kept, ada = accounts.passkeys, somebody(accounts)
    bo = accounts.sign_up("Bo", "correct horse", 1990, "en", "", NOW)
    kept.add(ada.id, HOST, (b"credential", PUBLIC, 0), "key", kept.challenge(ada.id, HOST, NOW), NOW)
    with pytest.raises(InvalidEvent, match="credential"):
        kept.add(bo.id, HOST, (b"credential", PUBLIC, 0), "key", kept.challenge(bo.id, HOST, NOW), NOW)
    assert kept.handle_of(bo.id) == kept.handle_of(bo.id) != kept.handle_of(ada.id)
    accounts.close()
