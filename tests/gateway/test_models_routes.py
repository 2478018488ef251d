"""`models` with the union of both families' keys, and the `engines` of 2023."""

import pytest
from scripted_engine import ScriptedEngine
from scripted_gateway import Serve, Served, azure_error, endpoint, openai_error

from pleiade.domain import EndpointState

AZURE_QUERY = "?api-version=2024-10-21"


@pytest.mark.parametrize("path", ["/v1/models", "/openai/v1/models", "/openai/models" + AZURE_QUERY])
async def test_models_are_what_can_be_called_with_the_keys_of_both_families(served: Served, path: str) -> None:
    listed = await (await served.get(path)).json()
    assert listed["object"] == "list"
    items = {item["id"]: item for item in listed["data"]}
    assert set(items) == {"chat", "gpt-4o-mini", "embed"}
    for item in items.values():
        assert item["object"] == "model"
        assert {"created", "owned_by", "status", "capabilities", "lifecycle_status", "deprecation"} <= set(item)
    assert items["chat"]["capabilities"]["chat_completion"] is True
    assert items["embed"]["capabilities"]["chat_completion"] is False
    assert items["embed"]["capabilities"]["embeddings"] is True


async def test_a_reward_model_is_listed_as_one(serve: Serve, engine: ScriptedEngine) -> None:
    served = await serve(endpoints=[endpoint(engine, deployment="judge", kind="reward")])
    able = (await (await served.get("/v1/models/judge")).json())["capabilities"]
    assert {name for name, can in able.items() if can} == {"inference", "rewards"}


async def test_a_model_is_found_by_deployment_alias_or_its_own_id(served: Served) -> None:
    for name in ("chat", "gpt-4o-mini", "pico-1"):
        assert (await (await served.get(f"/v1/models/{name}")).json())["id"] == name


async def test_a_model_that_does_not_exist_is_404_in_each_dialect(served: Served) -> None:
    answer = await served.get("/v1/models/nothing")
    assert answer.status == 404
    assert (await openai_error(answer))["code"] == "model_not_found"
    answer = await served.get("/openai/models/nothing" + AZURE_QUERY)
    assert answer.status == 404
    await azure_error(answer)


async def test_a_deployed_model_cannot_be_deleted_through_the_api(served: Served) -> None:
    for path, status in (("/v1/models/chat", 403), ("/v1/models/nothing", 404)):
        async with served.client.delete(served.url + path, headers=served.headers) as answer:
            assert answer.status == status
            await openai_error(answer)
    async with served.client.delete(served.url + "/openai/models/chat" + AZURE_QUERY, headers=served.headers) as answer:
        assert answer.status == 403
        await azure_error(answer)


async def test_engines_are_listed_as_in_january_2023(serve: Serve, engine: ScriptedEngine) -> None:
    starting = endpoint(engine, deployment="new", aliases=(), state=EndpointState.STARTING)
    served = await serve(endpoints=[endpoint(engine), starting])
    listed = await (await served.get("/v1/engines")).json()
    expected = {"object": "engine", "created": None, "owner": "pleiade"}
    assert listed["data"] == [
        {"id": "chat", "ready": True} | expected,
        {"id": "new", "ready": False} | expected,
        {"id": "gpt-4o-mini", "ready": True} | expected,
    ]
    assert (await (await served.get("/v1/engines/chat")).json()) == {"id": "chat", "ready": True} | expected
    assert (await served.get("/v1/engines/nothing")).status == 404


async def test_models_need_a_key_as_everything_does(served: Served) -> None:
    for path in ("/v1/models", "/v1/engines", "/openai/models" + AZURE_QUERY):
        assert (await served.get(path, headers={})).status == 401
