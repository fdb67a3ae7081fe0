"""Accounts of people: their names, what is kept of their passwords, and their sessions, in a file beside the log.

What they do is in the log, under the viewer that an account has; nothing secret is. Of a session only the digest of its
token is kept, so whoever finds the file cannot sign in with it.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from foryou.access import passkeys
from foryou.access.kept import Kept
from foryou.access.names import readable
from foryou.access.passwords import LONGEST, NOBODYS, SHORTEST, is_right, kept_of
from foryou.core.clock import DAY, HOUR, SECOND
from foryou.core.errors import Forbidden, InvalidEvent, Unidentified

FILE = "accounts.db"
SESSION_MS = 30 * DAY
"""How long a session lasts that is not used."""
LEAST_AGE, ADULT = 13, 18
LONGEST_NAME = 40
EARLIEST_YEAR = 1900

_RENEWED_MS = HOUR
"""A session that is used is prolonged at most so often."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
    viewer TEXT NOT NULL UNIQUE, birth_year INTEGER NOT NULL, language TEXT NOT NULL, created INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
    digest BLOB PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (id), created INTEGER NOT NULL,
    expires INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS of_account ON sessions (account);
"""
_COLUMNS = "id, name, viewer, birth_year, language, created"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signed up; `viewer` is who they are in the log."""

    id: str
    name: str
    viewer: str
    birth_year: int
    language: str
    created: int

    def is_minor(self, now: int) -> bool:
        """Whether they may be under 18."""
        return youngest(self.birth_year, now) < ADULT


class Accounts:
    """Sign-up, sign-in and sessions. Any number of processes may have the file open; what one changes the others see
    within a quarter of a second."""

    def __init__(self, directory: Path | None) -> None:
        self.kept = Kept(directory, file=FILE, schema=_SCHEMA + passkeys.SCHEMA)
        self.passkeys = passkeys.Passkeys(self.kept)
        self._seen: tuple[int, ...] | None = None
        self._viewers: frozenset[str] = frozenset()
        self._sessions: dict[bytes, tuple[Account, int]] = {}

    def sign_up(self, name: str, password: str, birth_year: int, language: str, viewer: str, now: int) -> Account:
        """A new account; `viewer` is who they were as a guest, "" for somebody new. InvalidEvent names what is wrong,
        Forbidden says who is too young."""
        shown, folded = _checked_name(name)
        _check_password(password)
        year = datetime.fromtimestamp(now / SECOND, UTC).year
        if not EARLIEST_YEAR <= birth_year <= year:
            raise InvalidEvent("birth_year", f"{birth_year} is no year to be born in", f"{EARLIEST_YEAR} to {year}")
        if youngest(birth_year, now) < LEAST_AGE:
            raise Forbidden(
                "birth_year",
                f"says that you may be under {LEAST_AGE}: we would love to have you here a little later",
                f"somebody of {LEAST_AGE} or more; you can watch without an account together with a grown-up",
            )
        account = Account(
            secrets.token_hex(8), shown, viewer or f"web-{secrets.token_hex(16)}", birth_year, language, now
        )
        digest = kept_of(password)
        with self.kept.writing() as connection:
            for column, value, field, what in (
                ("folded", folded, "name", "is taken"),
                ("viewer", account.viewer, "adopt", "has an account already"),
            ):
                if connection.execute(f"SELECT 1 FROM accounts WHERE {column} = ?", (value,)).fetchone():
                    raise InvalidEvent(field, what, "another one")
            row = (account.id, shown, folded, digest, account.viewer, birth_year, language, now)
            connection.execute("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return account

    def sign_in(self, name: str, password: str) -> Account:
        """The account of this name and password. Unidentified, in one and the same way, if there is none."""
        found = self.kept.rows(f"SELECT password, {_COLUMNS} FROM accounts WHERE folded = ?", folded_name(name))
        right = is_right(password, found[0][0] if found else NOBODYS)
        if not (found and right):
            raise Unidentified("password", "or name is wrong", "the name and password of an account")
        return Account(*found[0][1:])

    def check(self, account: Account, password: str) -> None:
        """Forbidden unless that is the account's password."""
        found = self.kept.rows("SELECT password FROM accounts WHERE id = ?", account.id)
        if not is_right(password, found[0][0] if found else NOBODYS):
            raise Forbidden("password", "is wrong", "the password of this account")

    def of_passkey(self, passkey: passkeys.Passkey) -> Account:
        """The account of a passkey. Unidentified if it was deleted just now."""
        found = self.kept.rows(f"SELECT {_COLUMNS} FROM accounts WHERE id = ?", passkey.account)
        if not found:
            raise Unidentified("passkey", "is of no account", "one of an account here, or its name and password")
        return Account(*found[0])

    def change_password(self, account: Account, password: str) -> None:
        """Another password; every session ends. Passkeys stay: none of them knows it."""
        _check_password(password)
        digest = kept_of(password)
        with self.kept.writing() as connection:
            connection.execute("UPDATE accounts SET password = ? WHERE id = ?", (digest, account.id))
            connection.execute("DELETE FROM sessions WHERE account = ?", (account.id,))

    def delete(self, account: Account) -> None:
        """Forget an account with its sessions and passkeys."""
        with self.kept.writing() as connection:
            passkeys.forget(connection, account.id)
            connection.execute("DELETE FROM sessions WHERE account = ?", (account.id,))
            connection.execute("DELETE FROM accounts WHERE id = ?", (account.id,))

    def begin(self, account: Account, now: int) -> str:
        """The token of a new session: 256 random bits, of which only the digest is kept."""
        token = secrets.token_urlsafe(32)
        with self.kept.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE expires <= ?", (now,))
            row = (digest_of(token), account.id, now, now + SESSION_MS)
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", row)
        return token

    def end(self, token: str) -> None:
        """End a session."""
        with self.kept.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE digest = ?", (digest_of(token),))

    def end_all(self, account: Account) -> None:
        """End every session of an account."""
        with self.kept.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE account = ?", (account.id,))

    def of_session(self, token: str, now: int) -> Account | None:
        """Whose session this is; None if it has ended. It lasts 30 days from its last use."""
        self._look()
        digest = digest_of(token)
        if digest not in self._sessions:  # it may have begun in another process just now
            self._look(at_once=True)
        found = self._sessions.get(digest)
        if found is None or found[1] <= now:
            return None
        account, expires = found
        if now + SESSION_MS - expires >= _RENEWED_MS:
            with self.kept.writing() as connection:
                connection.execute("UPDATE sessions SET expires = ? WHERE digest = ?", (now + SESSION_MS, digest))
        return account

    def has(self, viewer: str) -> bool:
        """Whether a viewer has an account."""
        self._look()
        return viewer in self._viewers

    @property
    def any(self) -> bool:
        """Whether anybody has an account."""
        self._look()
        return bool(self._viewers)

    def close(self) -> None:
        """Let go of the file."""
        self.kept.close()

    def _look(self, at_once: bool = False) -> None:
        seen = self.kept.version(at_once)
        if seen != self._seen:
            found = {row[0]: Account(*row) for row in self.kept.rows(f"SELECT {_COLUMNS} FROM accounts")}
            sessions = self.kept.rows("SELECT digest, account, expires FROM sessions")
            self._viewers = frozenset(account.viewer for account in found.values())
            self._sessions = {digest: (found[of], expires) for digest, of, expires in sessions if of in found}
            self._seen = seen


def youngest(birth_year: int, now: int) -> int:
    """The age in years that somebody born in a year has at least: they may have their birthday yet to come."""
    return datetime.fromtimestamp(now / SECOND, UTC).year - birth_year - 1


def age_band(birth_year: int, now: int) -> str:
    """The age band of somebody born in a year.

    >>> age_band(1990, 1_700_000_000_000)
    '25-34'
    """
    age = youngest(birth_year, now)
    bands = ((18, "13-17"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"))
    return next((band for below, band in bands if age < below), "55+")


def digest_of(token: str) -> bytes:
    """What is kept of a session's token."""
    return sha256(token.encode(errors="replace")).digest()


def folded_name(name: str) -> str:
    """A name as names are compared: letters that look alike in other sizes or widths are the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).strip().casefold())


def _checked_name(name: str) -> tuple[str, str]:
    shown, folded = readable(name, 2, LONGEST_NAME), folded_name(name)
    if not folded:
        raise InvalidEvent("name", "has no letters", f"a name of 2 to {LONGEST_NAME} characters that can be seen")
    return shown, folded


def _check_password(password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidEvent(
            "password", f"has {len(password)} characters", f"a password of {SHORTEST} to {LONGEST} characters"
        )
