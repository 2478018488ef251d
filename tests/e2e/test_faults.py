"""What happens to clients and neighbours when a part of the house dies, is flooded, or is left hanging."""

import asyncio
import json
import os
import signal
import socket

import httpx

import serving
from serving import CHAT, EMBED, Server

LONG = {
    "model": CHAT,
    "messages": [{"role": "user", "content": "Tell me a long story."}],
    "stream": True,
    "max_tokens": 400,
    "temperature": 1,
    "ignore_eos": True,  # vLLM's field, which our worker knows too: the answer is as long as it may be
}


def embeds(server: Server) -> bool:
    """Whether the neighbour of the chat engine answers."""
    return server.post("/v1/embeddings", {"model": EMBED, "input": "The sea is calm."}).status_code == 200


def test_a_server_whose_torch_and_transformers_raise_still_chats_and_embeds(spare: Server) -> None:
    assert spare.chat().json()["choices"][0]["message"]["content"]
    assert embeds(spare)


def test_an_engine_killed_in_mid_stream_is_told_and_replaced(spare: Server) -> None:
    engine = spare.child("text_openvino")
    lines: list[str] = []
    with spare.client.stream("POST", spare.url + "/v1/chat/completions", json=LONG, headers=spare.bearer) as answer:
        assert answer.status_code == 200
        for line in filter(None, answer.iter_lines()):
            lines.append(line)
            if len(lines) == 5:
                os.kill(engine, signal.SIGKILL)
                assert embeds(spare), "the other deployment never notices"
    last = json.loads(lines[-1].removeprefix("data: "))
    assert last["error"]["message"], "a stream ends with a reason and [DONE], or with an error"
    assert "data: [DONE]" not in lines

    refused = [answer for answer in (spare.chat() for _ in range(3)) if answer.status_code != 200]
    for answer in refused:  # while it is away: an honest 503 with a time to come back, never a hang
        assert answer.status_code in (502, 503)
        assert int(answer.headers["retry-after"]) >= 1
    serving.wait_for(lambda: spare.chat().status_code == 200, 30, "the engine is back")
    assert spare.child("text_openvino") != engine
    assert embeds(spare)


def test_200_clients_at_once_on_a_queue_of_32_are_served_or_told_when_to_return(spare: Server) -> None:
    async def flood() -> list[httpx.Response]:
        body = {**LONG, "stream": False, "max_tokens": 64}
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=120, limits=limits, trust_env=False) as client:
            url = spare.url + "/v1/chat/completions"
            return await asyncio.gather(*(client.post(url, json=body, headers=spare.bearer) for _ in range(200)))

    answers = asyncio.run(flood())
    assert {answer.status_code for answer in answers} == {200, 429}
    assert sum(answer.status_code == 200 for answer in answers) >= 32
    for answer in answers:
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
            assert int(answer.headers["retry-after-ms"]) > 0
            assert answer.json()["error"]["message"]
    assert spare.chat().status_code == 200


def test_clients_that_go_away_free_their_places_at_once(spare: Server) -> None:
    async def come_and_go() -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=120, limits=limits, trust_env=False) as client:
            url = spare.url + "/v1/chat/completions"

            async def begin() -> httpx.Response:
                request = client.build_request("POST", url, json=LONG, headers=spare.bearer)
                return await client.send(request, stream=True)

            # More than run and wait at once (32 each): somebody is refused, and everybody goes away then.
            pending = {asyncio.ensure_future(begin()) for _ in range(80)}
            refused = False
            while not refused:
                assert pending, "80 clients must overflow 32 slots and a queue of 32"
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for answer in done:
                    refused = refused or answer.result().status_code == 429
            for waiting in pending:
                waiting.cancel()

    asyncio.run(come_and_go())
    serving.wait_for(lambda: spare.chat().status_code == 200, 20, "a place is free")


def test_a_client_that_stops_reading_is_let_go(spare: Server) -> None:
    # Twenty alternatives make each token heavy: the answer is more than the buffers of the kernel hold.
    body = json.dumps({**LONG, "n": 32, "logprobs": True, "top_logprobs": 20}).encode()
    host, port = spare.url.removeprefix("http://").split(":")
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {spare.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect((host, int(port)))
        connection.sendall(head.encode() + body)
        assert connection.recv(12) == b"HTTP/1.1 200"
        # It reads no more. Once it is let go, all 32 slots are free again.
        serving.wait_for(lambda: spare.chat().status_code == 200, 30, "others are served")
        rest = b""
        try:
            while piece := connection.recv(1 << 20):
                rest = (rest + piece)[-200:]
        except ConnectionResetError:
            rest = b""
        assert b"[DONE]" not in rest, "it was cut, not served to the end"


def test_a_gateway_killed_takes_no_engine_with_it(spare: Server) -> None:
    def gateways() -> set[int]:
        return {pid for pid, command in spare.children().items() if "pleiade.gateway" in command}

    before = spare.children()
    victims = gateways()
    assert len(victims) == 2
    engines = set(before) - victims
    os.kill(min(victims), signal.SIGKILL)
    # A new connection reaches the gateway that lives; one that the dead one had accepted is reset.
    client = httpx.Client(transport=httpx.HTTPTransport(retries=3, trust_env=False), timeout=60)

    def answers() -> bool:
        try:
            url = spare.url + "/v1/models"
            return client.get(url, headers=spare.bearer).status_code == 200
        except httpx.TransportError:
            return False

    serving.wait_for(answers, 10, "a client that reconnects is served")
    serving.wait_for(lambda: len(gateways()) == 2 and min(victims) not in gateways(), 30, "two gateways again")
    assert engines <= set(spare.children()), "the engines are those from before"
    client.close()
    assert spare.chat().status_code == 200
