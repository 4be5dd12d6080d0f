"""The file of providers: what it may say, and what is refused before anybody signs in."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.signon.providers import checked_url, load_providers, parse_providers
from hub.errors import InvalidInput

WHOLE = """
public_url = "https://hub.example/"

[providers.yunnan]
title = { zh = "省统一身份认证", en = "Provincial identity" }
issuer = "https://id.example/realms/gov"
audience = "yunqiao"
algorithms = ["RS256", "ES256"]
token_types = ["application/AT+JWT", "JWT"]
clients = ["a-machine"]
client_id = "yunqiao-pages"
client_secret_file = "secret"
scopes = ["openid", "profile"]
prompt = "login"
skew_s = 5

[[providers.yunnan.actors]]
when = { "realm_access.roles" = "station" }
kind = "station"
region_claim = "region"

[providers.machines]
issuer = "http://127.0.0.1:9400"
audience = "yunqiao"
algorithms = ["EdDSA"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("kept apart\n", encoding="utf-8")
    return tmp_path


def test_a_whole_file(folder: Path) -> None:
    file = folder / "providers.toml"
    file.write_text(WHOLE, encoding="utf-8")
    providers = load_providers(file)
    people, machines = providers.all
    assert providers.public_url == "https://hub.example"
    assert providers.of_pages() == (people,)
    assert providers.by_issuer("http://127.0.0.1:9400") is machines
    assert providers.by_issuer("http://127.0.0.1:9400/") is None
    assert people.token_types == ("at+jwt", "jwt")
    assert (people.client_secret, people.client_auth, people.skew_s) == ("kept apart", "client_secret_basic", 5)
    assert people.actors[0].region_claim == "region"
    assert machines.title == {"zh": "machines", "en": "machines"}


def test_no_file_is_no_provider() -> None:
    assert load_providers(None).all == ()


#: What is written instead of what, and a word of the complaint.
WRONG = {
    "no tls": ('"https://id.example/realms/gov"', '"http://id.example"', "https"),
    "no tls, nearly here": ('"http://127.0.0.1:9400"', '"http://127.0.0.1.id.example"', "https"),
    "no address": ('"https://id.example/realms/gov"', '"id.example"', "issuer"),
    "user in the address": ('"https://id.example/realms/gov"', '"https://a:b@id.example"', "issuer"),
    "query": ('"https://id.example/realms/gov"', '"https://id.example?x=1"', "query"),
    "none": ('["EdDSA"]', '["none"]', "algorithms"),
    "shared secret": ('["EdDSA"]', '["RS256", "HS256"]', "algorithms"),
    "no algorithm": ('["EdDSA"]', "[]", "algorithms"),
    "same audience": ('client_id = "yunqiao-pages"', 'client_id = "yunqiao"', "differ"),
    "same issuer": ('"http://127.0.0.1:9400"', '"https://id.example/realms/gov"', "same issuer"),
    "neither": ('audience = "yunqiao"\nalgorithms = ["EdDSA"]', 'algorithms = ["EdDSA"]', "neither"),
    "unknown key": ("skew_s = 5", "skew = 5", "unknown key skew"),
    "huge skew": ("skew_s = 5", "skew_s = 3600", "skew_s"),
    "skew true": ("skew_s = 5", "skew_s = true", "skew_s"),
    "auth without secret": ('client_secret_file = "secret"', 'client_auth = "client_secret_post"', "client_auth"),
    "odd auth": ("skew_s = 5", 'client_auth = "private_key_jwt"', "client_auth"),
    "no openid": ('["openid", "profile"]', '["profile"]', "openid"),
    "odd title": ('{ zh = "省统一身份认证", en = "Provincial identity" }', "{ zh = 1 }", "title"),
    "administrators by claim": ('kind = "station"', 'kind = "administrator"', "one by one"),
    "persons by claim": ('kind = "station"', 'kind = "person"', "one by one"),
    "rule for all": ('{ "realm_access.roles" = "station" }', "{}", "when"),
    "rule with an unknown key": ("region_claim", "region_of", "unknown key"),
    "no public address": ('public_url = "https://hub.example/"', "", "public_url"),
    "odd name": ("[providers.machines]", '[providers."../x"]', "characters"),
    "no TOML": ("[providers.machines]", "[providers.machines", "providers.toml"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_at_the_start(folder: Path, name: str) -> None:
    old, new, word = WRONG[name]
    assert old in WHOLE
    file = folder / "providers.toml"
    file.write_text(WHOLE.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidInput, match="providers_invalid") as caught:
        load_providers(file)
    assert word in caught.value.detail
    assert "kept apart" not in caught.value.line()


def test_files_that_are_not_there(folder: Path) -> None:
    (folder / "secret").unlink()
    (folder / "providers.toml").write_text(WHOLE, encoding="utf-8")
    for path in (folder / "providers.toml", folder / "another.toml"):
        with pytest.raises(InvalidInput, match="providers_invalid"):
            load_providers(path)


def test_the_guide_shows_files_that_can_be_used(folder: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "sign-on.md").read_text(encoding="utf-8")
    examples = [block.partition("```")[0] for block in guide.split("```toml\n")[1:]]
    assert len(examples) >= 2
    for example in examples:
        for line in example.splitlines():
            if line.startswith("client_secret_file"):
                (folder / line.split('"')[1]).write_text("x", encoding="utf-8")
        assert parse_providers(tomllib.loads(example), folder=folder).all


@given(st.text())
def test_an_address_is_checked_or_refused(text: str) -> None:
    try:
        checked_url(text, "x")
    except ValueError:
        return
    assert text.lower().startswith(("https://", "http://"))
