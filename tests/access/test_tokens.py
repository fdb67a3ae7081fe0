"""Tokens: ours, for us, for one viewer, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from foryou.access.kept import Kept
from foryou.access.tokens import Tokens
from foryou.core.clock import DAY, HOUR, SECOND
from foryou.core.errors import Unidentified

NOW = 1_700_000_000_000


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    opened = Kept(tmp_path, look_s=0)
    yield opened
    opened.close()


@pytest.fixture
def tokens(kept: Kept) -> Tokens:
    return Tokens(kept, rotate_days=7)


def test_a_token_says_whose_it_is_until_it_runs_out(tokens: Tokens) -> None:
    token, expires = tokens.sign("ada", 60, "1234abcd", NOW + 999)
    assert expires == NOW + 60 * SECOND
    claims = tokens.check(token, expires - 1)
    assert (claims.viewer, claims.by) == ("ada", "1234abcd")
    with pytest.raises(Unidentified, match="has run out"):
        tokens.check(token, expires)


def test_any_viewer_can_have_one(tokens: Tokens) -> None:
    for viewer in ("ærlig/ø", "null", "0", "a b", "x" * 256, "日本"):
        assert tokens.check(tokens.sign(viewer, 60, "k", NOW)[0], NOW).viewer == viewer


def test_a_token_that_was_changed_does_not_count(tokens: Tokens) -> None:
    token, _ = tokens.sign("ada", 60, "k", NOW)
    other, _ = tokens.sign("bea", 60, "k", NOW)
    head, _, signature = token.split(".")
    for no in (
        ".".join((head, other.split(".")[1], signature)),
        token[:-2],
        f"{head}..",
        "",
        "a.b.c",
        "é",
        token + "x",
    ):
        with pytest.raises(Unidentified):
            tokens.check(no, NOW)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_only_our_algorithm_and_audience_count(tokens: Tokens, kept: Kept) -> None:
    token, _ = tokens.sign("ada", 60, "k", NOW)
    head = jwt.get_unverified_header(token)
    claims = {"aud": "foryou", "sub": "ada", "by": "k", "iat": NOW // SECOND, "exp": NOW // SECOND + 60}
    seed = kept.rows("SELECT seed FROM seeds")[0][0]
    key = tokens._key(seed)
    assert tokens.check(jwt.encode(claims, key, "HS256", head), NOW).viewer == "ada"
    unsigned = jwt.encode(claims, None, "none", {"kid": head["kid"]})
    stronger = jwt.encode(claims, key, "HS512", {"kid": head["kid"]})
    elsewhere = jwt.encode({**claims, "aud": "billing"}, key, "HS256", {"kid": head["kid"]})
    endless = jwt.encode({name: claims[name] for name in ("aud", "sub", "iat")}, key, "HS256", {"kid": head["kid"]})
    nameless = jwt.encode({**claims, "sub": 7}, key, "HS256", {"kid": head["kid"]})
    by_seed_alone = jwt.encode(claims, seed, "HS256", {"kid": head["kid"]})
    unknown = jwt.encode(claims, key, "HS256", {"kid": "ffffffff"})
    for no in (unsigned, stronger, elsewhere, endless, nameless, by_seed_alone, unknown):
        with pytest.raises(Unidentified):
            tokens.check(no, NOW)


def test_the_seed_changes_and_what_it_signed_is_valid_to_its_end(tokens: Tokens, kept: Kept) -> None:
    tokens.sign("ada", 60, "k", NOW)
    before, expires = tokens.sign("ada", 24 * 3600, "k", NOW + 7 * DAY - HOUR)
    after, _ = tokens.sign("ada", 60, "k", NOW + 7 * DAY)
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]
    assert tokens.check(before, expires - 1).viewer == "ada"
    tokens.sign("ada", 60, "k", NOW + 30 * DAY)
    assert len(kept.rows("SELECT id FROM seeds")) == 1


def test_another_process_knows_a_new_seed_and_that_all_were_forgotten(tokens: Tokens, tmp_path: Path) -> None:
    other = Kept(tmp_path, look_s=3600)
    elsewhere = Tokens(other, rotate_days=7)
    elsewhere.sign("bea", 60, "k", NOW)
    tokens.rotate(NOW, "test")
    token, _ = tokens.sign("ada", 60, "k", NOW)
    assert elsewhere.check(token, NOW).viewer == "ada"  # it had not looked, but did for a seed that it did not know
    tokens.rotate(NOW, "test")
    with pytest.raises(Unidentified):
        tokens.check(token, NOW)
    other.look_s = 0
    with pytest.raises(Unidentified):
        elsewhere.check(token, NOW)
    other.close()


def test_two_processes_that_renew_at_once_use_one_seed(tokens: Tokens, tmp_path: Path) -> None:
    other = Kept(tmp_path, look_s=0)
    second = Tokens(other, rotate_days=7)
    assert second._fresh() == tokens._fresh() == {}
    assert tokens._renew(NOW) == second._renew(NOW)
    other.close()
