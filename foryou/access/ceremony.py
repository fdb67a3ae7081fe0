"""What browsers are asked for to make a passkey and to show it, and whether what they answer is right (W3C WebAuthn).

The one module that needs the extra `[passkeys]`. It keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import options_to_json_dict, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from foryou.access.passkeys import CHALLENGE_MS, Passkey
from foryou.access.sites import Site
from foryou.core.errors import InvalidEvent, Unidentified

Json: TypeAlias = dict[str, Any]
Credential: TypeAlias = Mapping[str, Any]
"""What a browser answers, as the standard writes it in JSON (`PublicKeyCredential.toJSON`)."""
Told = TypeVar("Told")

US = "ForYou"
_WRONG = (
    WebAuthnException, UnsupportedAlgorithm, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip
"""What the library raises for bytes that mean nothing, its own errors and those of what it reads them with."""


def to_make(site: Site, name: str, handle: bytes, challenge: bytes, known: Sequence[bytes]) -> Json:
    """What a browser is asked to make a passkey with, for an account of this name that has `known` ones here."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=US,
        user_name=name,
        user_id=handle,
        challenge=challenge,
        timeout=CHALLENGE_MS,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(each) for each in known],
    )
    return options_to_json_dict(options)


def to_show(site: Site, challenge: bytes) -> Json:
    """What a browser is asked to show a passkey with: any that it has for this site."""
    options = generate_authentication_options(
        rp_id=site.host,
        challenge=challenge,
        timeout=CHALLENGE_MS,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return options_to_json_dict(options)


def challenge_in(credential: Credential) -> bytes:
    """The challenge that a browser says it answers. InvalidEvent if it says none."""
    told = _read(lambda: parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"])))
    if told.cross_origin:
        raise InvalidEvent("credential", "is from inside another page", "one of a page of this server")
    return told.challenge


def made(credential: Credential, site: Site, challenge: bytes) -> tuple[bytes, bytes, int]:
    """The name of a new passkey, its public key, and how often it signed. InvalidEvent if it is not right."""
    told = _read(
        lambda: verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=list(site.origins),
        )
    )
    return told.credential_id, told.credential_public_key, told.sign_count


def named(credential: Credential) -> tuple[bytes, bytes]:
    """The name of the passkey that is shown, and the handle of its account. InvalidEvent if they cannot be read."""
    return _read(
        lambda: (base64url_to_bytes(credential["rawId"]), base64url_to_bytes(credential["response"]["userHandle"]))
    )


def signed(credential: Credential, site: Site, challenge: bytes, passkey: Passkey) -> int:
    """How often a passkey that is shown says it signed, which has to be more than before (one that does not count says
    0). Unidentified if that, or its signature, or the page that asked for it, is not right."""
    told = _read(
        lambda: verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=list(site.origins),
            credential_public_key=passkey.public,
            credential_current_sign_count=passkey.signed,
        ),
        Unidentified,
    )
    return told.new_sign_count


def _read(read: Callable[[], Told], error: type[InvalidEvent | Unidentified] = InvalidEvent) -> Told:
    try:
        return read()
    except _WRONG as problem:
        why = str(problem)[:200] if isinstance(problem, WebAuthnException) else "cannot be read"
        raise error("credential", f"is not right: {why}", "what the browser answered, for this page") from problem
