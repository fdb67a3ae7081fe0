"""Keys: made, listed, revoked and recognised. A secret is shown once; only its hash is kept.

A secret is 256 random bits, so guessing is hopeless however fast the hash: a slow one (as for passwords, which people
choose) would only slow down every request.
"""

from __future__ import annotations

import hmac
import re
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from foryou.access import audit
from foryou.access.audit import Noted
from foryou.access.kept import Kept
from foryou.access.rules import Role
from foryou.core.clock import DAY
from foryou.core.errors import NotFound, SettingsError

PREFIX = "fy_"
"""What every secret starts with, so that scanners for leaked secrets know it: fy_, 8 hex digits, _, 64 hex digits."""

_SECRET = re.compile(rf"{PREFIX}([0-9a-f]{{8}})_[0-9a-f]{{64}}")
_NAME = re.compile(r"[\w.@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key. Times are ms UTC; 0: never. `per_minute` 0: as the settings say."""

    id: str
    name: str
    roles: frozenset[Role]
    created: int
    expires: int
    per_minute: int
    revoked: int

    def counts(self, now: int) -> bool:
        """Whether it still opens anything."""
        return not self.revoked and (not self.expires or now < self.expires)


class Keys:
    """The keys of one deployment, held in memory, and read again when the file changes."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._seen: tuple[int, ...] | None = None
        self._known: dict[str, tuple[Key, bytes]] = {}

    def create(
        self, name: str, roles: Iterable[Role], now: int, who: str, days: int = 0, per_minute: int = 0
    ) -> tuple[Key, str]:
        """A new key and its secret, which nobody can show again. SettingsError for a name that is taken or unfit."""
        held = frozenset(roles)
        if not _NAME.fullmatch(name) or name.startswith(PREFIX):
            raise SettingsError(f"the name {name[:80]!r} is unfit; expected 1 to 64 letters, digits, . _ @ -")
        if not held or days < 0 or per_minute < 0:
            raise SettingsError("a key needs at least one role, and no days or limits below 0")
        number = secrets.token_hex(4)
        secret = f"{PREFIX}{number}_{secrets.token_hex(32)}"
        key = Key(number, name, held, now, now + days * DAY if days else 0, per_minute, 0)
        row = (number, name, _listed(held), self._digest(secret), key.created, key.expires, per_minute, 0)
        with self._kept.writing() as connection:
            try:
                connection.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError as error:
                raise SettingsError(
                    f"there is a key {name} already; revoke it first, or choose another name"
                ) from error
            audit.note(connection, Noted(now, who, "", f"key create {name} ({_listed(held)})", "", "ok"))
        return key, secret

    def revoke(self, name: str, now: int, who: str) -> Key:
        """Take a key's rights away for good, by its name or id. NotFound if there is none that has any."""
        with self._kept.writing() as connection:
            found = connection.execute(
                "SELECT id, name FROM keys WHERE revoked = 0 AND (name = ? OR id = ?)", (name, name)
            ).fetchone()
            if found is None:
                raise NotFound(f"there is no key {name!r} that was not revoked; `foryou key list` shows all")
            connection.execute("UPDATE keys SET revoked = ? WHERE id = ?", (now, found[0]))
            audit.note(connection, Noted(now, who, "", f"key revoke {found[1]}", "", "ok"))
        return self._fresh()[found[0]][0]

    def all(self) -> list[Key]:
        """Every key that was ever made, oldest first."""
        return [key for key, _ in self._fresh().values()]

    def find(self, secret: str, now: int) -> Key | None:
        """The key of a secret; None if there is none, or it no longer counts."""
        matched = _SECRET.fullmatch(secret)
        known = self._fresh().get(matched[1]) if matched else None
        if known is None or not hmac.compare_digest(known[1], self._digest(secret)):
            return None
        return known[0] if known[0].counts(now) else None

    def counts(self, number: str, now: int) -> bool:
        """Whether the key with this id still opens anything."""
        known = self._fresh().get(number)
        return known is not None and known[0].counts(now)

    def named(self, name: str) -> str:
        """The id of the key with this name that was not revoked; none if there is none."""
        return next((key.id for key, _ in self._fresh().values() if key.name == name and not key.revoked), "")

    @property
    def required(self) -> bool:
        """Whether callers need a key: from the first one that is ever made, even if it was revoked since."""
        return bool(self._fresh())

    def has_admin(self, now: int) -> bool:
        """Whether anybody could make calls as an admin."""
        return any(Role.ADMIN in key.roles and key.counts(now) for key in self.all())

    def _fresh(self) -> dict[str, tuple[Key, bytes]]:
        seen = self._kept.version()
        if seen != self._seen:
            found = self._kept.rows(
                "SELECT digest, id, name, roles, created, expires, per_minute, revoked FROM keys ORDER BY rowid"
            )
            self._known = {
                number: (Key(number, name, frozenset(map(Role, roles.split())), *rest), digest)
                for digest, number, name, roles, *rest in found
            }
            self._seen = seen
        return self._known

    def _digest(self, secret: str) -> bytes:
        return blake2b(secret.encode(), digest_size=32, key=self._kept.secret, person=b"key").digest()


def _listed(roles: frozenset[Role]) -> str:
    return " ".join(role for role in Role if role in roles)
