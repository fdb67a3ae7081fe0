"""Who calls, told from what they show: puts keys, tokens and limits together."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from foryou.access.accounts import Account, Accounts
from foryou.access.kept import Kept
from foryou.access.keys import PREFIX, Keys
from foryou.access.limits import Buckets, is_local
from foryou.access.rules import AccessSettings, Role
from foryou.access.tokens import Tokens
from foryou.core.errors import Forbidden, SettingsError, TooMany, Unidentified

EVERY_ROLE = frozenset(Role)


@dataclass(slots=True)
class Caller:
    """Who makes one call, and what they may. `key` is the name of the key (of a token: the id of the key behind it)."""

    key: str = ""
    roles: frozenset[Role] = EVERY_ROLE
    viewer: str | None = None
    """The only viewer for whom a token or an account may act; None: any."""
    access: Access | None = None
    """Who keeps the limits; None: nobody."""
    account: Account | None = None
    """Who is signed in."""
    accounts: Accounts | None = None
    """For whose viewers only they may act; None: whoever calls may act for anybody."""
    asked: bool = field(default=False, init=False)
    """Whether the handler asked for whom it acts."""

    def act_for(self, viewer: str) -> None:
        """Say for whom a call is made, before it is. Forbidden if it may not be, TooMany if it was too often."""
        self.check(viewer)
        if self.access is not None and viewer and self.viewer is None:  # a token's requests were counted already
            self.access.take(f"viewer {viewer[:256]}", self.access.settings.per_viewer)

    def check(self, viewer: str) -> None:
        """Forbidden if a call may not be made for this viewer."""
        if not self.may_send(viewer):
            raise Forbidden("viewer", f"is not the one of this {self.shows}", self.right)

    def act_for_nobody(self) -> None:
        """Say that what a call gets is nobody's own, or that it is checked where it is found."""
        self.asked = True

    def may_send(self, viewer: str | None) -> bool:
        """Whether an event of this viewer may come from this caller."""
        self.asked = True
        if self.viewer is None:
            return self.accounts is None or not viewer or not self.accounts.has(viewer)
        return viewer == self.viewer

    @property
    def bound(self) -> bool:
        """Whether there is anybody for whom this caller may not send."""
        return self.viewer is not None or (self.accounts is not None and self.accounts.any)

    @property
    def shows(self) -> str:
        """What says who calls."""
        return "token" if self.viewer is not None and self.account is None else "account"

    @property
    def right(self) -> str:
        """For whom this caller may act."""
        if self.viewer is None:
            return "the account whose viewer that is: sign in"
        return "the viewer that the token was made for" if self.account is None else "the viewer of this account"


ANYBODY = Caller()
"""Whoever calls where nothing stands before the application: a test, or a program that has it inside."""


class Access:
    """The keys, tokens and limits of one serving process."""

    def __init__(self, directory: Path | None, settings: AccessSettings, share: float = 1.0) -> None:
        """`directory` is where the log is kept; `share` is this process's part of every limit."""
        self.settings = settings
        self.kept = Kept(directory)
        self.keys = Keys(self.kept)
        self.tokens = Tokens(self.kept, settings.rotate_days)
        self.accounts = Accounts(directory)
        self.buckets = Buckets(share)

    def caller(self, shown: str | None, now: int, session: str = "") -> Caller:
        """Who shows this `Authorization` header, or else this cookie of a session. Unidentified if they say nothing,
        though keys are needed, or the header says nonsense.

        Something wrong is never taken for nothing, even where nothing is needed; a session that has ended is.
        """
        if not shown:
            if session and (account := self.accounts.of_session(session, now)) is not None:
                self.take(f"viewer {account.viewer}", self.settings.per_viewer)
                roles = frozenset() if self.keys.required else EVERY_ROLE
                return Caller(f"account {account.id}", roles, account.viewer, self, account)
            if self.keys.required:
                raise Unidentified("authorization", "is missing", "Authorization: Bearer, with a key or a token")
            return Caller(accounts=self.accounts)
        scheme, _, value = shown.partition(" ")
        if scheme.lower() != "bearer":
            raise Unidentified("authorization", "is of a kind that is not known here", "Authorization: Bearer ...")
        value = value.strip()
        if value.startswith(PREFIX):
            return self._of_key(value, now)
        claims = self.tokens.check(value, now)
        if claims.by and not self.keys.counts(claims.by, now):
            raise Unidentified("authorization", "is a token of a key that no longer counts", "a new token")
        if not claims.by and self.keys.required:
            raise Unidentified("authorization", "is a token from before there were keys", "a new token")
        caller = Caller(f"token of {claims.by or 'nobody'}", frozenset(), claims.viewer, self)
        self.take(f"viewer {claims.viewer}", self.settings.per_viewer)
        return caller

    def take(self, bucket: str, per_minute: int) -> None:
        """Take from a bucket. TooMany says of what kind it was."""
        if after_s := self.buckets.take(bucket, per_minute):
            kind = bucket.partition(" ")[0]
            raise TooMany("requests", f"are more than {per_minute:,} a minute of one {kind}", after_s)

    def may_listen(self, host: str, now: int) -> None:
        """SettingsError if this address would let others in while nobody needs a key."""
        if is_local(host) and host:
            return
        if self.kept.directory is None:
            raise SettingsError(
                f"will not listen on {host} with memory:, which keeps no keys; give a directory with --data DIR, "
                "or listen on 127.0.0.1"
            )
        if not self.keys.has_admin(now):
            raise SettingsError(
                f"will not listen on {host} before there is an admin key, since anybody could read and change "
                "everything; run `foryou key create NAME --role admin` (with the same --data) first, or listen on "
                "127.0.0.1"
            )

    def close(self) -> None:
        """Let go of the files."""
        self.kept.close()
        self.accounts.close()

    def _of_key(self, secret: str, now: int) -> Caller:
        key = self.keys.find(secret, now)
        if key is None:
            raise Unidentified(
                "authorization",
                "is no key of this server that counts",
                "a key of `foryou key create`",
            )
        self.take(f"key {key.id}", key.per_minute or self.settings.per_key)
        return Caller(key.name, key.roles, None, self)
