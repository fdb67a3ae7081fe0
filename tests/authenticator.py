"""An authenticator in software: it makes passkeys and signs with them as a security key does (W3C WebAuthn, CTAP 2)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

Json = dict[str, Any]

_PRESENT, _VERIFIED, _WITH_KEY = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey of one site, and the browser around it, which says at which page it was asked."""

    origin: str = "http://localhost:8080"
    host: str = "localhost"
    counts: bool = True
    private: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    name: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    handle: bytes = b""
    signed: int = 0

    def make(self, options: Json) -> Json:
        """What `navigator.credentials.create` gives."""
        self.handle = base64url_to_bytes(options["user"]["id"])
        numbers = self.private.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        key = bytes(16) + len(self.name).to_bytes(2) + self.name + cbor2.dumps(public)
        told = self._told(_PRESENT | _VERIFIED | _WITH_KEY) + key
        statement = {"fmt": "none", "attStmt": {}, "authData": told}
        response = {
            "clientDataJSON": bytes_to_base64url(self._client("webauthn.create", options)),
            "attestationObject": bytes_to_base64url(cbor2.dumps(statement)),
            "transports": ["usb"],
        }
        return self._credential(response)

    def show(self, options: Json) -> Json:
        """What `navigator.credentials.get` gives."""
        client, told = self._client("webauthn.get", options), self._told(_PRESENT | _VERIFIED)
        signature = self.private.sign(told + sha256(client).digest(), ECDSA(SHA256()))
        response = {
            "clientDataJSON": bytes_to_base64url(client),
            "authenticatorData": bytes_to_base64url(told),
            "signature": bytes_to_base64url(signature),
            "userHandle": bytes_to_base64url(self.handle),
        }
        return self._credential(response)

    def _told(self, flags: int) -> bytes:
        self.signed += self.counts
        return sha256(self.host.encode()).digest() + bytes([flags]) + self.signed.to_bytes(4)

    def _client(self, kind: str, options: Json) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _credential(self, response: Json) -> Json:
        name = bytes_to_base64url(self.name)
        more = {"authenticatorAttachment": "cross-platform", "clientExtensionResults": {}}
        return {"id": name, "rawId": name, "type": "public-key", "response": response, **more}
