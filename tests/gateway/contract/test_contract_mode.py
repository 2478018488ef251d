"""Contract mode: production code judges every request; only what exists nowhere is made up, and says so."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from openai.types import Model, ModelDeleted
from openai.types.chat import ChatCompletion, ChatCompletionDeleted, ChatCompletionStoreMessage
from openai.types.responses import Response, ResponseItem, ResponseStreamEvent
from pydantic import TypeAdapter

from pleiade.gateway.call import Call
from pleiade.gateway.contract.fixtures import key_of, load_fixtures
from pleiade.gateway.contract.stage import SUITE_KEYS
from pleiade.gateway.errors import ApiError
from pleiade.gateway.routing import Route

Serve = Callable[..., Awaitable[Any]]
SUITE = {"authorization": f"Bearer {SUITE_KEYS[0].decode()}"}

TYPES = {
    "GET /chat/completions/{}": ChatCompletion,
    "POST /chat/completions/{}": ChatCompletion,
    "DELETE /chat/completions/{}": ChatCompletionDeleted,
    "GET /models/{}": Model,
    "DELETE /models/{}": ModelDeleted,
    "GET /responses/{}": Response,
    "POST /responses/{}/cancel": Response,
    "GET /chat/completions": ChatCompletion,
    "GET /chat/completions/{}/messages": ChatCompletionStoreMessage,
    "GET /responses/{}/input_items": ResponseItem,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose admin key is one that the gateways of these tests know."""
    (tmp_path / "admin.key").write_text("sk-pleiade-test-secret-0123456789\n")
    return tmp_path


@pytest.mark.parametrize("key", TYPES)
def test_each_fixture_is_valid_for_the_type_that_the_sdk_expects(key: str) -> None:
    fixture = load_fixtures()[key]
    items = fixture.body.get("data", [fixture.body])
    for item in items:
        TypeAdapter(TYPES[key]).validate_python(item, strict=True)
    for event in fixture.events:
        TypeAdapter(ResponseStreamEvent).validate_python(event)


def test_a_key_forgets_the_names_of_parameters() -> None:
    assert key_of("GET", "/responses/{response_id}/input_items") == "GET /responses/{}/input_items"


async def test_an_unknown_model_is_a_fixture_that_says_so(serve: Serve, home: Path) -> None:
    served = await serve(contract=True, home=str(home))
    answer = await served.get("/v1/models/gpt-next")
    assert answer.status == 200
    assert answer.headers.get("x-pleiade-fixture") == "true", (await answer.text(), dict(answer.headers))
    assert (await answer.json())["id"] == "gpt-next"


async def test_a_known_model_is_the_real_answer(serve: Serve, home: Path) -> None:
    served = await serve(contract=True, home=str(home))
    answer = await served.get("/v1/models/chat")
    assert answer.status == 200
    assert "x-pleiade-fixture" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/openai/deployments/x/chat/completions?api-version=2024-10-21"]
)
async def test_a_creation_with_any_model_reaches_a_real_engine(serve: Serve, home: Path, path: str) -> None:
    served = await serve(contract=True, home=str(home))
    body = {"model": "gpt-next", "messages": [{"role": "user", "content": "Hello!"}]}
    answer = await served.post(path, body)
    assert answer.status == 200, await answer.text()
    assert "x-pleiade-fixture" not in answer.headers
    assert (await served.post("/v1/embeddings", {"model": "x", "input": "Hello!"})).status == 200


async def test_production_code_still_judges_every_request(serve: Serve, home: Path) -> None:
    served = await serve(contract=True, home=str(home))
    assert (await served.post("/v1/chat/completions", {"model": 5, "messages": []})).status == 400
    assert (await served.client.post(served.url + "/v1/embeddings", data=b"{", headers=served.headers)).status == 400
    assert (await served.get("/v1/no/such/route")).status == 404
    assert (await served.get("/v1/models/x", headers={"authorization": "Bearer sk-wrong"})).status == 401


async def test_the_keys_of_the_suite_are_the_admin_in_contract_mode_only(serve: Serve, home: Path) -> None:
    in_contract, in_production = await serve(contract=True, home=str(home)), await serve(home=str(home))
    assert (await in_contract.get("/v1/models", headers=SUITE)).status == 200
    assert (await in_production.get("/v1/models", headers=SUITE)).status == 401
    assert (await in_production.get("/v1/models/gpt-next")).status == 404
    unknown = {"model": "gpt-next", "messages": [{"role": "user", "content": "Hello!"}]}
    assert (await in_production.post("/v1/chat/completions", unknown)).status == 404


class Responses:
    """A room that refuses references as the real one does, one after the other."""

    stages = ()

    def __init__(self) -> None:
        self.routes = [Route(method="POST", path="/responses", handler=self.create)]

    async def create(self, call: Call) -> None:
        body = (await call.receive())["body"]
        for param in ("prompt", "conversation", "previous_response_id"):
            if param.encode() in body:
                raise ApiError(400, "unknown", param=param, code="invalid_value")
        if b'"model"' not in body:
            raise ApiError(400, "missing", param="model", code="missing_required_parameter")
        call.status = 200
        await call.answer.whole(200, body)

    async def start(self, gateway: object) -> None:
        pass

    async def stop(self) -> None:
        pass


async def test_unknown_references_are_left_out_one_by_one_and_told(serve: Serve, home: Path) -> None:
    served = await serve(contract=True, home=str(home), rooms=[Responses()])
    body = {
        "input": "Hello!",
        "conversation": "conv_x",
        "previous_response_id": "resp_x",
        "prompt": {"id": "x"},
    }
    answer = await served.post("/v1/responses", body)
    assert await answer.json() == {"input": "Hello!", "model": "chat", "max_output_tokens": 16}
    assert answer.headers["x-pleiade-contract"] == (
        "with max_output_tokens, without prompt, without conversation, without previous_response_id, with model"
    )
    assert "x-pleiade-fixture" not in answer.headers


async def test_embeddings_come_as_floats_for_strict_validation(serve: Serve, home: Path) -> None:
    served = await serve(contract=True, home=str(home))
    body = {"model": "embed", "input": "Hello!", "encoding_format": "base64"}
    answer = await served.post("/v1/embeddings", body)
    assert answer.headers["x-pleiade-contract"] == "without encoding_format"
    assert "encoding_format" not in served.engine.seen[-1].body
