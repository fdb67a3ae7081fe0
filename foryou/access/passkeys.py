"""Passkeys of accounts, in the file of accounts: of each the public key, and which challenges were answered.

Nothing of it is secret: whoever finds the file cannot sign in with it. What a signature looks like, `ceremony` knows.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, digest

from foryou.access.kept import Kept
from foryou.access.names import readable
from foryou.core.clock import MINUTE
from foryou.core.errors import Forbidden, InvalidEvent

CHALLENGE_MS = 5 * MINUTE
"""How long a challenge may be answered, once."""
MOST = 20
"""Passkeys of one account."""
LONGEST_NAME = 60

SCHEMA = """
CREATE TABLE IF NOT EXISTS passkeys (
    id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (id), host TEXT NOT NULL,
    credential BLOB NOT NULL UNIQUE, public BLOB NOT NULL, signed INTEGER NOT NULL, name TEXT NOT NULL,
    created INTEGER NOT NULL, used INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS passkeys_of_account ON passkeys (account);
CREATE TABLE IF NOT EXISTS handles (account TEXT PRIMARY KEY REFERENCES accounts (id), handle BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS answered (challenge BLOB PRIMARY KEY, expires INTEGER NOT NULL);
"""
_RANDOM, _TIME = 16, 8
"""Bytes of a challenge that are random, and that say until when it counts; the rest shows that it is ours."""
_COLUMNS = "id, account, host, credential, public, signed, name, created, used"


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of an account (by its id), which works at one host."""

    id: str
    account: str
    host: str
    credential: bytes
    """What authenticators call it."""
    public: bytes
    """The public key, as COSE writes it (RFC 9052)."""
    signed: int
    """How often it signed, as it says itself; 0: it does not count."""
    name: str
    created: int
    used: int
    """When somebody last signed in with it; 0: nobody did yet."""


class Passkeys:
    """Whose passkeys there are, for any number of processes."""

    def __init__(self, kept: Kept) -> None:
        """`kept` is the file of accounts, with the tables of SCHEMA."""
        self._kept = kept

    def handle_of(self, account: str) -> bytes:
        """How authenticators know an account: 32 random bytes, which say nothing of who it is."""
        with self._kept.writing() as connection:
            row = (account, secrets.token_bytes(32))
            connection.execute("INSERT OR IGNORE INTO handles VALUES (?, ?)", row)
            found = connection.execute("SELECT handle FROM handles WHERE account = ?", (account,)).fetchone()
        return bytes(found[0])

    def challenge(self, account: str, host: str, now: int) -> bytes:
        """A new challenge for an account, "" for whoever signs in, at a host.

        It says itself until when it counts, and shows that it is ours: whoever asks for many fills no file, and any
        process knows it.
        """
        told = secrets.token_bytes(_RANDOM) + (now + CHALLENGE_MS).to_bytes(_TIME)
        return told + self._mark(told, account, host)

    def check(self, challenge: bytes, account: str, host: str, now: int) -> None:
        """Forbidden unless this challenge was given to this account at this host, and may be answered still."""
        told, mark = challenge[: _RANDOM + _TIME], challenge[_RANDOM + _TIME :]
        ours = compare_digest(mark, self._mark(told, account, host))
        if not ours or int.from_bytes(told[_RANDOM:]) <= now or self._was_answered(challenge):
            raise _stale()

    def of_account(self, account: str) -> list[Passkey]:
        """Those of an account, the oldest first."""
        found = self._kept.rows(f"SELECT {_COLUMNS} FROM passkeys WHERE account = ? ORDER BY created, id", account)
        return [Passkey(*row) for row in found]

    def find(self, credential: bytes, handle: bytes) -> Passkey | None:
        """The passkey of this name, if the account of that handle has it."""
        columns = ", ".join(f"passkeys.{name}" for name in _COLUMNS.split(", "))
        found = self._kept.rows(
            f"SELECT {columns} FROM passkeys JOIN handles USING (account) WHERE credential = ? AND handle = ?",
            credential,
            handle,
        )
        return Passkey(*found[0]) if found else None

    def add(
        self, account: str, host: str, new: tuple[bytes, bytes, int], name: str, challenge: bytes, now: int
    ) -> Passkey:
        """A new passkey (what it is called, its public key, how often it signed) that answers a challenge. InvalidEvent
        if it is there already, or if there are too many."""
        made = Passkey(secrets.token_hex(8), account, host, *new, readable(name, 1, LONGEST_NAME), now, 0)
        with self._kept.writing() as connection:
            _answer(connection, challenge, now)
            if connection.execute("SELECT 1 FROM passkeys WHERE credential = ?", (made.credential,)).fetchone():
                raise InvalidEvent("credential", "is a passkey of an account already", "a new one")
            count = connection.execute("SELECT count(*) FROM passkeys WHERE account = ?", (account,)).fetchone()[0]
            if count >= MOST:
                raise InvalidEvent("credential", f"would be number {count + 1}", f"at most {MOST} passkeys")
            row = (made.id, account, host, *new, made.name, now, 0)
            connection.execute("INSERT INTO passkeys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return made

    def note_use(self, passkey: Passkey, signed: int, challenge: bytes, now: int) -> None:
        """Note that somebody signed in with it. Forbidden if another was faster with this challenge, or if it was
        removed or signed something else meanwhile."""
        with self._kept.writing() as connection:
            _answer(connection, challenge, now)
            done = connection.execute(
                "UPDATE passkeys SET signed = ?, used = ? WHERE id = ? AND signed = ?",
                (signed, now, passkey.id, passkey.signed),
            )
            if done.rowcount != 1:
                raise _stale()

    def remove(self, account: str, passkey: str) -> bool:
        """Forget the passkey of this id; False if the account has none of it."""
        with self._kept.writing() as connection:
            done = connection.execute("DELETE FROM passkeys WHERE id = ? AND account = ?", (passkey, account))
            return done.rowcount == 1

    def _was_answered(self, challenge: bytes) -> bool:
        return bool(self._kept.rows("SELECT 1 FROM answered WHERE challenge = ?", challenge))

    def _mark(self, told: bytes, account: str, host: str) -> bytes:
        meant = b"\0".join((b"passkey", sha256(account.encode()).digest(), host.encode(), told))
        return digest(self._kept.secret, meant, "sha256")


def forget(connection: sqlite3.Connection, account: str) -> None:
    """Forget all of an account that is deleted."""
    for table in ("passkeys", "handles"):
        connection.execute(f"DELETE FROM {table} WHERE account = ?", (account,))


def _answer(connection: sqlite3.Connection, challenge: bytes, now: int) -> None:
    connection.execute("DELETE FROM answered WHERE expires <= ?", (now,))
    row = (challenge, now + CHALLENGE_MS)
    if connection.execute("INSERT OR IGNORE INTO answered VALUES (?, ?)", row).rowcount != 1:
        raise _stale()


def _stale() -> Forbidden:
    return Forbidden("challenge", "was answered already, or is older than 5 minutes", "an answer to a new one")
