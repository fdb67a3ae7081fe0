"""Whatever is shown as a key or token: it is the right one, or nobody is let in, and nothing fails in another way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import jwt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from foryou.access.open import Access
from foryou.access.rules import AccessSettings, Role
from foryou.core.errors import AccessError, Unidentified

NOW = 1_700_000_000_000


@pytest.fixture(scope="module")
def access() -> Iterator[Access]:
    made = Access(None, AccessSettings(per_key=0, per_viewer=0))
    yield made
    made.close()


@pytest.fixture(scope="module")
def secrets(access: Access) -> tuple[str, str]:
    """A key, and a token that it asked for."""
    key, secret = access.keys.create("app", [Role.SERVE], NOW, "test")
    return secret, access.tokens.sign("ada", 60, key.id, NOW)[0]


LATIN = st.text(st.characters(max_codepoint=255), max_size=60)
"""What can stand in a header."""


@given(shown=LATIN | LATIN.map(lambda text: f"Bearer {text}") | LATIN.map(lambda text: f"bearer fy_{text}"))
@settings(max_examples=300)
def test_no_text_that_was_made_up_lets_anybody_in(shown: str, access: Access, secrets: tuple[str, str]) -> None:
    with pytest.raises(Unidentified):
        access.caller(shown, NOW)


@given(which=st.integers(0, 1), at=st.integers(0, 400), put=st.text(st.characters(max_codepoint=255), max_size=2))
@settings(max_examples=300)
def test_no_secret_with_other_letters_lets_anybody_in(
    which: int, at: int, put: str, access: Access, secrets: tuple[str, str]
) -> None:
    right = secrets[which]
    place = at % len(right)
    wrong = right[:place] + put + right[place + 1 :]
    assume(wrong.strip() != right)
    assume(not which or place < len(right) - 1)  # the last letter of a signature has two bits that say nothing
    with pytest.raises(Unidentified):
        access.caller(f"Bearer {wrong}", NOW)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers())


@given(
    head=st.dictionaries(st.sampled_from(["kid", "alg", "typ", "crit", "b64"]), VALUES, max_size=3),
    claims=st.dictionaries(st.sampled_from(["aud", "sub", "by", "iat", "exp", "nbf", "iss"]), VALUES, max_size=7),
    known=st.booleans(),
)
@settings(max_examples=200)
def test_no_token_that_another_signed_lets_anybody_in(
    head: dict[str, object], claims: dict[str, object], known: bool, access: Access, secrets: tuple[str, str]
) -> None:
    head = {**head, **({"kid": jwt.get_unverified_header(secrets[1])["kid"]} if known else {})}
    token = ""
    with suppress(Exception):  # not everything can be signed
        token = jwt.encode(claims, "x" * 32, "HS256", head)
    assume(token)
    with pytest.raises(Unidentified):
        access.caller(f"Bearer {token}", NOW)


@given(
    claims=st.dictionaries(st.sampled_from(["aud", "sub", "by", "iat", "exp", "nbf"]), VALUES, max_size=6),
    right=st.sets(st.sampled_from(["aud", "sub", "iat", "exp"])),
)
@settings(max_examples=300)
def test_what_we_signed_ourselves_is_read_or_refused_whatever_it_says(
    claims: dict[str, object], right: set[str], access: Access, secrets: tuple[str, str]
) -> None:
    """Only a mistake of ours could sign such a thing; it must not stop the server."""
    number = jwt.get_unverified_header(secrets[1])["kid"]
    seed = access.tokens._fresh()[number][0]
    said = {"aud": "foryou", "sub": "ada", "iat": NOW // 1000, "exp": NOW // 1000 + 60}
    claims = {**claims, **{name: said[name] for name in right}}
    token = ""
    with suppress(Exception):
        token = jwt.encode(claims, access.tokens._key(seed), "HS256", {"kid": number})
    assume(token)
    try:
        caller = access.caller(f"Bearer {token}", NOW)
    except AccessError:
        return
    assert isinstance(caller.viewer, str)
