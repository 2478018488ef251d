"""The bad input that the first issue names, through the real server, on each surface."""

import json
import socket

import httpx
import pytest

import serving
from pleiade.domain import Role
from pleiade.store import open_database
from pleiade.tenancy.keys import create_key, revoke_key
from serving import API_VERSION, CHAT, EMBED, Server

SURFACES = {
    "openai": "/v1/chat/completions",
    "azure": f"/openai/deployments/{CHAT}/chat/completions?api-version={API_VERSION}",
    "azure-v1": "/openai/v1/chat/completions",
}
on_each_surface = pytest.mark.parametrize("surface", SURFACES)
GOOD = {"model": CHAT, "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 2}


def refusal(answer: httpx.Response, status: int) -> dict[str, object]:
    """The error object of an answer, whose status and outer shape are checked here."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-request-id"]
    assert answer.headers["apim-request-id"]
    body = answer.json()
    assert set(body) == {"error"}, "nothing but the error, and never a framework's `detail`"
    error = body["error"]
    assert error["message"]
    assert set(error) in ({"code", "message"}, {"message", "type", "param", "code"})
    return dict(error)


def refused(server: Server, surface: str, status: int, **change: object) -> dict[str, object]:
    """The error that a good request with `change` gets; the model answers with four keys on every surface."""
    error = refusal(server.post(SURFACES[surface], {**GOOD, **change}), status)
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    return error


@on_each_surface
def test_the_good_request_is_good(server: Server, surface: str) -> None:
    assert server.post(SURFACES[surface], GOOD).status_code == 200


@on_each_surface
@pytest.mark.parametrize("body", [b'{"model": ', b"", b"[]", b'"hello"', b"null", b"{'model': 'x'}", b"\x00"])
def test_malformed_json_is_told_as_such(server: Server, surface: str, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    refusal(server.post(SURFACES[surface], content=body, headers=headers), 400)


@on_each_surface
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("messages", "hello"),
        ("messages", [1]),
        ("messages", [{"role": "user", "content": 5}]),
        ("temperature", "hot"),
        ("stream", "yes"),
        ("max_tokens", "many"),
        ("n", 1.5),
        ("logprobs", "some"),
        ("tools", {"type": "function"}),
        ("stream_options", 3),
    ],
)
def test_a_wrong_type_is_refused_by_its_name(server: Server, surface: str, field: str, value: object) -> None:
    error = refused(server, surface, 400, **{field: value})
    assert str(error["param"]).split("[")[0].split(".")[0] == field


@on_each_surface
def test_empty_messages_are_refused(server: Server, surface: str) -> None:
    assert refused(server, surface, 400, messages=[])["param"] == "messages"


@on_each_surface
def test_an_unknown_model_is_not_found(server: Server, surface: str) -> None:
    path = SURFACES[surface].replace(CHAT, "no-such-model")
    error = refusal(server.post(path, {**GOOD, "model": "no-such-model"}), 404)
    assert error["code"] == ("model_not_found" if surface == "openai" else "DeploymentNotFound")
    assert len(error) == (4 if surface == "openai" else 2)


@on_each_surface
def test_a_prompt_beyond_the_context_is_refused(server: Server, surface: str) -> None:
    error = refused(server, surface, 400, messages=[{"role": "user", "content": "word " * 50_000}])
    assert error["code"] == "context_length_exceeded"
    assert error["param"] == "messages"


def test_a_legacy_prompt_beyond_the_context_is_refused_too(server: Server) -> None:
    answer = server.post("/v1/completions", {"model": CHAT, "prompt": "word " * 50_000})
    assert refusal(answer, 400)["code"] == "context_length_exceeded"


@on_each_surface
@pytest.mark.parametrize("change", [{"n": 10**6}, {"n": 0}, {"n": -1}, {"max_tokens": 10**12}, {"max_tokens": -1}])
def test_absurd_amounts_are_refused(server: Server, surface: str, change: dict[str, int]) -> None:
    assert refused(server, surface, 400, **change)["param"] == next(iter(change))


@on_each_surface
@pytest.mark.parametrize("stop", [["a", "b", "c", "d", "e"], 5, [5], {"a": 1}, [None]])
def test_an_invalid_stop_is_refused(server: Server, surface: str, stop: object) -> None:
    error = refused(server, surface, 400, stop=stop)
    assert str(error["param"]).startswith("stop")


@on_each_surface
def test_invalid_utf_8_is_refused(server: Server, surface: str) -> None:
    body = json.dumps(GOOD).encode().replace(b"Hello!", b"caf\xe9 \xff")
    headers = {"content-type": "application/json"}
    refusal(server.post(SURFACES[surface], content=body, headers=headers), 400)


def test_half_a_surrogate_pair_is_never_a_fault_of_ours(server: Server) -> None:
    body = json.dumps(GOOD).encode().replace(b"Hello!", b"\\ud83d alone")
    answer = server.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400)


@on_each_surface
def test_a_body_of_50_mb_is_too_large(server: Server, surface: str) -> None:
    body = json.dumps({**GOOD, "messages": [{"role": "user", "content": "x" * 50_000_000}]}).encode()
    answer = server.post(SURFACES[surface], content=body, headers={"content-type": "application/json"})
    refusal(answer, 413)


def test_an_announced_50_mb_are_refused_before_they_are_sent(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {server.key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 50000000\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_50_mb_without_an_announced_length_are_too_large(server: Server) -> None:
    pieces = (b"x" * 1_000_000 for _ in range(50))
    answer = server.post("/v1/chat/completions", content=pieces, headers={"content-type": "application/json"})
    refusal(answer, 413)


@on_each_surface
def test_an_image_for_a_text_model_is_refused(server: Server, surface: str) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    message = {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}
    error = refused(server, surface, 400, messages=[message])
    assert "image" in str(error["message"]).lower()
    assert str(error["param"]).startswith("messages")


def test_a_dated_azure_route_demands_its_version(server: Server) -> None:
    answer = server.post(f"/openai/deployments/{CHAT}/chat/completions", GOOD)
    error = refusal(answer, 400)
    assert error["code"] == "MissingApiVersionParameter"
    assert "api-version" in str(error["message"])


def test_an_unknown_azure_version_is_a_wrong_path(server: Server) -> None:
    answer = server.post(f"/openai/deployments/{CHAT}/chat/completions?api-version=1999-01-01", GOOD)
    assert refusal(answer, 404) == {"code": "404", "message": "Resource not found"}


@on_each_surface
def test_no_key_and_a_wrong_key_are_401(server: Server, surface: str) -> None:
    wrong = refusal(server.post(SURFACES[surface], GOOD, key="sk-wrong"), 401)
    none = refusal(server.client.post(server.url + SURFACES[surface], json=GOOD), 401)
    if surface == "openai":
        assert wrong["code"] == "invalid_api_key"
    else:
        assert wrong == none
        assert wrong["code"] == "401"
        assert "invalid subscription key" in str(wrong["message"])


def test_a_revoked_key_is_refused_while_the_server_runs(server: Server) -> None:
    database = open_database(f"sqlite:///{server.home / 'pleiade.db'}")
    secret, key = create_key(database, name="short-lived", role=Role.MEMBER)
    serving.wait_for(lambda: server.get("/v1/models", key=secret).status_code == 200, 15, "a new key is known")
    revoke_key(database, key.id)
    serving.wait_for(lambda: server.get("/v1/models", key=secret).status_code == 401, 15, "its end is known")
    database.dispose()
    error = refusal(server.post(SURFACES["azure"], GOOD, key=secret), 401)
    assert error["code"] == "401"


@on_each_surface
def test_two_different_credentials_are_refused(server: Server, surface: str) -> None:
    answer = server.post(SURFACES[surface], GOOD, headers={"api-key": "sk-another"})
    refusal(answer, 400)


@on_each_surface
def test_one_credential_said_twice_is_fine(server: Server, surface: str) -> None:
    assert server.post(SURFACES[surface], GOOD, headers={"api-key": server.key}).status_code == 200


@on_each_surface
def test_the_key_may_stand_in_either_header(server: Server, surface: str) -> None:
    answer = server.client.post(server.url + SURFACES[surface], json=GOOD, headers={"api-key": server.key})
    assert answer.status_code == 200


@pytest.mark.parametrize(("model", "path"), [(EMBED, "chat/completions"), (CHAT, "embeddings")])
def test_a_model_of_another_kind_is_refused(server: Server, model: str, path: str) -> None:
    body = {"model": model, "messages": GOOD["messages"], "input": "Hello!"}
    assert refusal(server.post(f"/v1/{path}", body), 400)["param"] == "model"
    azure = server.post(f"/openai/deployments/{model}/{path}?api-version={API_VERSION}", body)
    assert refusal(azure, 400)["code"] == "OperationNotSupported"


@pytest.mark.parametrize("value", ["", [], [""], [1.5], {"a": 1}, None, ["x"] * 2049])
def test_an_embedding_of_nothing_or_of_the_wrong_thing_is_refused(server: Server, value: object) -> None:
    error = refusal(server.post("/v1/embeddings", {"model": EMBED, "input": value}), 400)
    assert str(error["param"]).startswith("input")


def test_an_unknown_path_has_the_body_of_its_surface(server: Server) -> None:
    assert len(refusal(server.get("/v1/no/such/path"), 404)) == 4
    azure = refusal(server.get(f"/openai/no/such/path?api-version={API_VERSION}"), 404)
    assert azure == {"code": "404", "message": "Resource not found"}


def test_a_wrong_method_is_405_in_the_body_of_its_surface(server: Server) -> None:
    answer = server.get("/v1/embeddings")
    refusal(answer, 405)
    assert "POST" in answer.headers["allow"]
