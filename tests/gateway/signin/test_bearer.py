"""Signed tokens as credentials on every surface: taken, refused in each dialect's words, and gone in time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from scripted_gateway import AZURE, CHAT, OPENAI, azure_error, openai_error
from town import Town

from pleiade.domain import OPERATOR, Role
from pleiade.gateway.rooms import production_rooms
from pleiade.settings import Settings
from pleiade.store import unit_of_work
from pleiade.tenancy.organisations import archive_organisation
from pleiade.tenancy.projects import first_project
from pleiade.tenancy.signin.issuer import Rule
from pleiade.tenancy.signin.issuers import remove_issuer
from tenancy.signin.issuing import SigningKey, TestIssuer

Serve = Callable[..., Awaitable[Any]]


@pytest.fixture
def town(town: Town, issuer: TestIssuer) -> Town:
    """The town, with an issuer beside it."""
    town.issuer = issuer
    return town


async def test_a_member_calls_with_a_token_of_their_identity_provider(town: Town) -> None:
    town.person("alice")
    town.trust()
    token = town.issuer.token(email="Alice@Acme.example", email_verified=True)
    await town.until(200, token)
    secret = token.decode()
    azure = AsyncAzureOpenAI(azure_endpoint=town.served.url, azure_ad_token=secret, api_version="2024-10-21")
    async with azure, AsyncOpenAI(base_url=town.served.url + "/v1", api_key=secret) as openai:
        assert (await azure.chat.completions.create(**CHAT)).choices
        assert (await openai.chat.completions.create(**CHAT)).choices
    assert town.served.log_lines()[-1]["project"] == first_project(town.db, "acme").id


async def test_a_subject_stays_who_it_is_when_its_address_changes(town: Town) -> None:
    town.person("alice")
    town.trust()
    await town.until(200, town.issuer.token(email="alice@acme.example", email_verified=True))
    assert (await town.ask(town.issuer.token(email="new@acme.example", email_verified=True))).status == 200


async def test_an_address_that_nobody_verified_opens_nothing(town: Town) -> None:
    town.person("alice")
    town.trust()
    good = town.issuer.token(sub="real", email="alice@acme.example", email_verified=True)
    await town.until(200, good)
    for claims in ({"email_verified": False}, {}, {"email_verified": "yes"}):
        answer = await town.ask(town.issuer.token(sub="mallory", email="alice@acme.example", **claims))
        assert answer.status == 401
        assert "must be a member" in (await openai_error(answer))["message"]


async def test_a_rule_lets_in_whoever_it_fits(town: Town) -> None:
    town.trust(rules=(Rule(claim="roles", value="ml", role=Role.MEMBER),))
    await town.until(200, town.issuer.token(sub="a-service", roles=["ml", "other"]))
    assert (await town.ask(town.issuer.token(sub="a-service", roles=["other"]))).status == 401


async def test_a_bad_token_is_refused_in_the_words_of_each_dialect(town: Town) -> None:
    town.trust(rules=(Rule(claim="sub", value="*", role=Role.MEMBER),))
    await town.until(200, town.issuer.token())
    for token in (
        town.issuer.token(exp=int(time.time()) - 3600),
        town.issuer.unsigned(),
        town.issuer.confused(),
        town.issuer.token(SigningKey("first")),
        town.issuer.token(aud="https://other.example"),
    ):
        openai, azure = await town.ask(token), await town.ask(token, AZURE)
        assert (openai.status, azure.status) == (401, 401)
        assert (await openai_error(openai))["code"] == "invalid_token"
        assert "The access token is refused" in (await openai_error(openai))["message"]
        assert (await azure_error(azure))["code"] == "Unauthorized"


async def test_tokens_of_an_unknown_issuer_are_refused(town: Town) -> None:
    assert (await town.ask(town.issuer.token())).status == 401


async def test_an_expired_token_is_not_kept_by_the_cache(town: Town) -> None:
    from pleiade.tenancy.signin.token import LEEWAY_S

    town.trust(rules=(Rule(claim="sub", value="*", role=Role.MEMBER),))
    await town.until(200, town.issuer.token())
    token = town.issuer.token(exp=int(time.time()) - LEEWAY_S + 2)
    assert (await town.ask(token)).status == 200
    await town.until(401, token)


async def test_a_proven_token_asks_neither_issuer_nor_database_again(town: Town) -> None:
    town.trust(rules=(Rule(claim="sub", value="*", role=Role.MEMBER),))
    token = town.issuer.token()
    await town.until(200, token)
    asked = town.issuer.asked
    town.issuer.broken = True
    with unit_of_work(town.db):  # nobody else may write meanwhile
        for _ in range(5):
            assert (await town.ask(token)).status == 200
    assert town.issuer.asked == asked


async def test_whoever_leaves_is_refused_within_a_second(town: Town) -> None:
    town.trust(rules=(Rule(claim="sub", value="*", role=Role.MEMBER),))
    token = town.issuer.token()
    await town.until(200, token)
    archive_organisation(town.db, "acme", actor=OPERATOR)
    await town.until(401, token)


async def test_an_issuer_that_is_removed_opens_nothing_within_a_second(town: Town) -> None:
    town.trust(rules=(Rule(claim="sub", value="*", role=Role.MEMBER),))
    token = town.issuer.token()
    await town.until(200, token)
    remove_issuer(town.db, town.issuer_id)
    await town.until(401, token)


async def test_a_hundred_first_calls_at_once_share_one_proof(town: Town) -> None:
    town.trust(rules=(Rule(claim="sub", value="*", role=Role.MEMBER),))
    await town.until(200, town.issuer.token())
    bearers = town.served.gateway.bearers
    token = town.issuer.token(jti="another")
    principals = await asyncio.gather(*(bearers.prove_token(token) for _ in range(100)))
    assert {principal.organisation for principal in principals} == {"acme"}
    assert len({id(principal) for principal in principals}) == 1


async def test_without_its_database_a_gateway_takes_keys_and_says_that_it_cannot_judge_tokens(
    serve: Serve, tmp_path: Path, issuer: TestIssuer
) -> None:
    wanted: dict[str, Any] = {"home": str(tmp_path), "database_url": f"sqlite:///{tmp_path}/absent/pleiade.db"}
    served = await serve(rooms=production_rooms(Settings(**wanted)), **wanted)
    assert (await served.post(OPENAI, CHAT)).status == 200
    assert (await served.get("/auth/me", headers={"cookie": "pleiade_session=x"})).status == 503
    assert (await served.get("/v1/models", headers={"cookie": "pleiade_session=x"})).status == 503
    answer = await served.post(OPENAI, CHAT, headers={"authorization": f"Bearer {issuer.token().decode()}"})
    assert answer.status == 401  # of no issuer that is known
