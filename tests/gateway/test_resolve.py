"""Names of models: unknown, of the wrong kind, not ready yet."""

import pytest
from scripted_engine import ScriptedEngine
from scripted_gateway import AZURE, AZURE_V1, CHAT, OPENAI, Serve, Served, azure_error, endpoint, openai_error
from yarl import URL

from pleiade.domain import EndpointState


async def test_an_unknown_model_is_404_in_each_dialect(served: Served) -> None:
    answer = await served.post(OPENAI, CHAT | {"model": "gpt-9"})
    assert answer.status == 404
    assert (await openai_error(answer))["code"] == "model_not_found"
    answer = await served.post("/openai/deployments/gpt-9/chat/completions?api-version=2024-10-21", CHAT)
    assert answer.status == 404
    assert (await azure_error(answer))["code"] == "DeploymentNotFound"
    assert (await azure_error(await served.post(AZURE_V1, CHAT | {"model": "x"})))["code"] == "DeploymentNotFound"


async def test_before_the_engines_are_known_no_model_is_called_unknown(serve: Serve) -> None:
    served = await serve()
    served.directory.loaded = False
    answer = await served.post(OPENAI, CHAT | {"model": "soon"})
    assert answer.status == 503
    assert "retry-after" in answer.headers


async def test_azures_path_names_the_deployment_whatever_the_body_says(served: Served) -> None:
    assert (await served.post(AZURE, CHAT | {"model": "gpt-9"})).status == 200
    assert (await served.post(AZURE, {"messages": []})).status == 200


async def test_a_deployment_name_with_a_slash_is_one_segment_when_encoded(serve: Serve, engine: ScriptedEngine) -> None:
    served = await serve(endpoints=[endpoint(engine, deployment="org/chat", aliases=())])
    path = "/openai/deployments/org%2Fchat/chat/completions?api-version=2024-10-21"
    async with served.client.post(URL(served.url + path, encoded=True), json=CHAT, headers=served.headers) as answer:
        assert answer.status == 200
    for name in ("org%2Fchat", "org/chat"):  # older clients do not encode it
        async with served.client.get(
            URL(f"{served.url}/v1/models/{name}", encoded=True), headers=served.headers
        ) as answer:
            assert (await answer.json())["id"] == "org/chat"


async def test_embeddings_of_a_text_model_are_not_supported(served: Served) -> None:
    answer = await served.post("/v1/embeddings", {"model": "chat", "input": "x"})
    assert answer.status == 400
    assert (await openai_error(answer))["type"] == "invalid_request_error"
    answer = await served.post("/openai/deployments/chat/embeddings?api-version=2024-10-21", {"input": "x"})
    assert answer.status == 400
    assert (await azure_error(answer))["code"] == "OperationNotSupported"
    answer = await served.post("/openai/deployments/embed/chat/completions?api-version=2024-10-21", CHAT)
    assert (await azure_error(answer))["code"] == "OperationNotSupported"
    assert served.engine.seen == []


@pytest.mark.parametrize(
    ("name", "route", "instead"),
    [
        ("judge", "/chat/completions", "of the kind reward: use POST /rewards."),
        ("judge", "/embeddings", "of the kind reward: use POST /rewards."),
        ("chat", "/rewards", "of the kind text: use POST /chat/completions or POST /completions."),
        ("embed", "/rewards", "of the kind embedding: use POST /embeddings."),
    ],
)
async def test_a_model_of_another_kind_is_refused_with_the_route_that_it_answers(
    serve: Serve, engine: ScriptedEngine, name: str, route: str, instead: str
) -> None:
    kinds = {"chat": "text", "embed": "embedding", "judge": "reward"}
    served = await serve(endpoints=[endpoint(engine, deployment=n, aliases=(), kind=k) for n, k in kinds.items()])
    answer = await served.post(f"/v1{route}", {"model": name})
    assert answer.status == 400
    error = await openai_error(answer)
    assert (error["param"], error["code"]) == ("model", "operation_not_supported")
    assert error["message"].endswith(instead)
    answer = await served.post(f"/openai/deployments/{name}{route}?api-version=2024-10-21", {})
    error = await azure_error(answer)
    assert error["code"] == "OperationNotSupported"
    assert error["message"].endswith(instead)
    assert engine.seen == []


@pytest.mark.parametrize("state", [EndpointState.STARTING, EndpointState.FAILED, EndpointState.DRAINING])
async def test_an_engine_that_is_not_ready_is_503_with_a_time_to_retry(
    serve: Serve, engine: ScriptedEngine, state: EndpointState
) -> None:
    served = await serve(endpoints=[endpoint(engine, state=state, detail="secret log line")])
    for path in (OPENAI, AZURE):
        answer = await served.post(path, CHAT)
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert int(answer.headers["retry-after-ms"]) >= 1000
        assert "secret log line" not in await answer.text()
