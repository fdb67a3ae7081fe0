"""Requests to a whole application, gate included, from any address, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from litestar import Litestar

from foryou.access.open import Access
from foryou.access.rules import Role
from foryou.api.server import watched
from foryou.core.clock import Clock

ME = "127.0.0.1"


@dataclass(frozen=True)
class Gated:
    """`ask` as somebody at an address, with what they show."""

    app: Litestar
    clock: Clock
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def access(self) -> Access:
        access: Access = self.app.state.access
        return access

    def key(self, name: str, *roles: Role, per_minute: int = 0) -> str:
        """The secret of a new key."""
        return self.access.keys.create(name, roles, self.clock(), "test", per_minute=per_minute)[1]

    def token(self, viewer: str = "ada", **more: object) -> str:
        """A viewer's token, which a key called `server` asked for."""
        if "server" not in self.secrets:
            self.secrets["server"] = self.key("server", Role.SERVE)
        answer = self.ask("POST", "/v1/tokens", self.secrets["server"], json={"viewer": viewer, **more})
        return str(answer.json()["token"])

    def ask(
        self,
        method: str,
        path: str,
        shown: str = "",
        *,
        address: str = ME,
        host: str = "127.0.0.1:8080",
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> httpx.Response:
        told = {**({"authorization": f"Bearer {shown}"} if shown else {}), **(headers or {})}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(watched(self.app), client=(address, 1), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
                return await client.request(method, path, headers=told, **more)

        return asyncio.run(send())
