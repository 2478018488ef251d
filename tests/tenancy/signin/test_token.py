"""Tokens: only what the issuer signed, for us, now; and its keys may change at any time."""

import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from pleiade.tenancy.signin.issuer import Issuer
from pleiade.tenancy.signin.key_set import ASK_AGAIN_S, MAX_AGE_S, KeySet
from pleiade.tenancy.signin.token import (
    LEEWAY_S,
    PROVEN_S,
    TokenRefusedError,
    Verified,
    looks_like_token,
    verify_bearer,
)
from pleiade.tenancy.signin.web import AiohttpWeb
from tenancy.signin.issuing import AUDIENCE, SigningKey, TestIssuer, forged


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class House:
    """We, who take the word of one issuer."""

    def __init__(self, issuer: TestIssuer, session: aiohttp.ClientSession, **settings: Any) -> None:
        self.clock = Clock()
        trusted = Issuer(
            id="iss_1",
            name="Test",
            issuer=issuer.url,
            organisation="default",
            **{"audiences": (AUDIENCE,), "algorithms": ("RS256", "PS256", "ES256")} | settings,
        )
        self.keys = KeySet(trusted, AiohttpWeb(session), self.clock)
        self._issuers = {issuer.url: (trusted, self.keys)}

    async def take(self, token: bytes) -> Verified:
        return await verify_bearer(token, self._issuers)


@pytest.fixture
async def issuer() -> AsyncIterator[TestIssuer]:
    issuer = TestIssuer()
    await issuer.start()
    yield issuer
    await issuer.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def house(issuer: TestIssuer, session: aiohttp.ClientSession) -> House:
    return House(issuer, session)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
async def test_a_token_of_the_issuer_for_us_is_taken(house: House, issuer: TestIssuer, algorithm: str) -> None:
    issuer.keys = [SigningKey("k", algorithm)]
    verified = await house.take(issuer.token(roles=["reader"]))
    assert verified.subject == "alice"
    assert verified.claims["roles"] == ["reader"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": 1000}, "expired"),
        ({"nbf": 32503680000}, "not valid yet"),
        ({"aud": "https://other.example"}, "audience"),
        ({"aud": None}, "lacks the claim aud"),
        ({"exp": None}, "lacks the claim exp"),
        ({"sub": None}, "lacks the claim sub"),
        ({"iss": "https://other.example"}, "issuer is not known"),
        ({"exp": "never"}, "wrong"),
    ],
)
async def test_a_token_with_wrong_claims_is_refused(
    house: House, issuer: TestIssuer, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TokenRefusedError, match=reason):
        await house.take(issuer.token(**changes))


async def test_clocks_may_differ_a_little(house: House, issuer: TestIssuer) -> None:
    assert await house.take(issuer.token(exp=int(time.time()) - LEEWAY_S // 2))


async def test_alg_none_is_refused(house: House, issuer: TestIssuer) -> None:
    with pytest.raises(TokenRefusedError, match="algorithm 'none'"):
        await house.take(issuer.unsigned())


async def test_the_public_key_is_no_shared_secret(house: House, issuer: TestIssuer) -> None:
    with pytest.raises(TokenRefusedError, match="algorithm 'HS256'"):
        await house.take(issuer.confused())


async def test_changed_content_is_refused(house: House, issuer: TestIssuer) -> None:
    with pytest.raises(TokenRefusedError, match="signature"):
        await house.take(forged(issuer.token()))


async def test_another_key_of_the_same_name_is_refused(house: House, issuer: TestIssuer) -> None:
    with pytest.raises(TokenRefusedError, match="signature"):
        await house.take(issuer.token(SigningKey("first")))


async def test_a_key_serves_no_other_algorithm(issuer: TestIssuer, session: aiohttp.ClientSession) -> None:
    house = House(issuer, session, algorithms=("ES256",))
    with pytest.raises(TokenRefusedError, match="algorithm 'RS256'"):
        await house.take(issuer.token())


async def test_unknown_extensions_are_refused(house: House, issuer: TestIssuer) -> None:
    with pytest.raises(TokenRefusedError):
        await house.take(issuer.token(headers={"crit": ["exp"]}))


@pytest.mark.parametrize("text", [b"..", b"a.b.c", b"e30.e30.e30", b"\xff\xfe.\x00.x", b"eyJ" + b"a" * 20000 + b".."])
async def test_rubbish_is_refused(house: House, text: bytes) -> None:
    assert looks_like_token(text)
    with pytest.raises(TokenRefusedError):
        await house.take(text)


async def test_tokens_are_refused_where_no_audience_is_set(issuer: TestIssuer, session: aiohttp.ClientSession) -> None:
    with pytest.raises(TokenRefusedError, match="not known"):
        await House(issuer, session, audiences=(), client="web").take(issuer.token())


async def test_a_new_key_is_found_and_the_old_one_stays_until_it_is_taken_back(
    house: House, issuer: TestIssuer
) -> None:
    old, new = issuer.token(), SigningKey("second")
    assert await house.take(old)
    issuer.keys.append(new)
    with pytest.raises(TokenRefusedError, match="no such key"):
        await house.take(issuer.token(new))  # asked a moment ago
    house.clock.now += ASK_AGAIN_S
    assert await house.take(issuer.token(new))
    assert await house.take(old)
    del issuer.keys[0]
    house.clock.now += MAX_AGE_S
    assert await house.take(old)  # the call itself does not wait
    await house.keys.refresh()
    with pytest.raises(TokenRefusedError, match="no such key"):
        await house.take(old)


async def test_made_up_keys_do_not_make_us_ask_again_and_again(house: House, issuer: TestIssuer) -> None:
    for number in range(20):
        with pytest.raises(TokenRefusedError):
            await house.take(issuer.token(SigningKey(f"made-up-{number}", "ES256")))
    assert issuer.asked == 1


async def test_keys_stay_in_force_while_the_issuer_is_away(house: House, issuer: TestIssuer) -> None:
    assert await house.take(issuer.token())
    issuer.broken = True
    house.clock.now += MAX_AGE_S
    assert await house.take(issuer.token())
    await house.keys.refresh()
    assert await house.take(issuer.token())


async def test_a_configuration_of_another_issuer_is_not_believed(
    issuer: TestIssuer, session: aiohttp.ClientSession
) -> None:
    url = issuer.url
    house = House(issuer, session, metadata_url=f"{url}/.well-known/openid-configuration")
    issuer.url = "https://evil.example"
    token = issuer.token(iss=url)
    with pytest.raises(TokenRefusedError, match="no such key"):
        await house.take(token)


async def test_a_token_that_never_ends_is_proven_again_each_day(house: House, issuer: TestIssuer) -> None:
    assert (await house.take(issuer.token(exp=10**400))).expires <= time.time() + PROVEN_S
