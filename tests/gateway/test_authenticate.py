"""Who is let in, on every surface, and how each dialect refuses the others (wire-contract §4)."""

from typing import Any

import pytest
from scripted_gateway import (
    AZURE,
    AZURE_V1,
    CHAT,
    OPENAI,
    OTHER_SECRET,
    SECRET,
    Served,
    azure_error,
    key_for,
    openai_error,
)


@pytest.mark.parametrize("path", [OPENAI, AZURE, AZURE_V1])
@pytest.mark.parametrize("headers", [{"api-key": SECRET}, {"Authorization": f"bearer {SECRET}"}])
async def test_a_key_is_good_in_either_header_on_every_surface(
    served: Served, path: str, headers: dict[str, str]
) -> None:
    assert (await served.post(path, CHAT, headers=headers)).status == 200


async def test_the_same_key_twice_is_one_credential(served: Served) -> None:
    both = {"api-key": SECRET, "authorization": f"Bearer {SECRET}"}
    assert (await served.post(OPENAI, CHAT, headers=both)).status == 200


@pytest.mark.parametrize("path", [OPENAI, AZURE])
async def test_two_different_credentials_are_refused_even_if_both_are_good(served: Served, path: str) -> None:
    answer = await served.post(path, CHAT, headers={"api-key": SECRET, "authorization": f"Bearer {OTHER_SECRET}"})
    assert answer.status == 400
    assert "two different credentials" in (await answer.json())["error"]["message"]
    assert served.engine.seen == []


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic dTpw"}, {"authorization": "Bearer "}])
async def test_no_key_is_401(served: Served, headers: dict[str, str]) -> None:
    answer = await served.post(OPENAI, CHAT, headers=headers)
    assert answer.status == 401
    assert (await openai_error(answer))["code"] is None
    assert "www-authenticate" in answer.headers
    answer = await served.post(AZURE, CHAT, headers=headers)
    assert answer.status == 401
    assert (await azure_error(answer))["code"] == "401"
    assert "apim-request-id" in answer.headers


@pytest.mark.parametrize("change", [{"revoked": 1700000000}, {"expires": 1700000000}, None])
async def test_a_revoked_expired_or_deleted_key_is_401_within_a_moment(served: Served, change: Any) -> None:
    assert (await served.post(OPENAI, CHAT)).status == 200
    if change is None:
        del served.keys.keys[SECRET]
    else:
        served.keys.keys[SECRET] = key_for(SECRET, **change)
    await served.gateway.keys.refresh()
    answer = await served.post(OPENAI, CHAT)
    assert answer.status == 401
    error = await openai_error(answer)
    assert error["code"] == "invalid_api_key"
    assert SECRET not in error["message"]
    answer = await served.post(AZURE, CHAT)
    assert (await azure_error(answer))["message"].startswith("Access denied due to invalid subscription key")
