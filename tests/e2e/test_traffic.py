"""Draining and canaries over real processes: a supervisor, two gateways, real engines."""

import json
import threading
from collections.abc import Iterator

import pytest

from serving import CHAT, Server, serve, wait_for

DEPLOYMENTS = "/v1/organization/deployments"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two gateways over one model that is deployed twice."""
    with serve(tmp_path_factory.mktemp("pair") / "home", "--workers", "2") as running:
        made = running.post(DEPLOYMENTS, {"name": "next", "model": "pleiade-pico", "options": {"max_batch": 8}})
        assert made.status_code == 200, made.text
        wait_for(lambda: running.get(f"{DEPLOYMENTS}/next").json()["state"] == "ready", 120, "next is ready")
        wait_for(lambda: all(running.chat("?", model="next").status_code == 200 for _ in range(8)), 30, "both know it")
        yield running


def test_a_drained_deployment_loses_no_call_and_every_gateway_keeps_to_it(pair: Server) -> None:
    begun, pieces = threading.Event(), []

    def listen() -> None:
        body = {
            "model": CHAT,
            "messages": [{"role": "user", "content": "Count!"}],
            "stream": True,
            "max_tokens": 300,
        }
        with pair.client.stream("POST", pair.url + "/v1/chat/completions", json=body, headers=pair.bearer) as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                pieces.append(line)
                begun.set()

    listener = threading.Thread(target=listen)
    listener.start()
    assert begun.wait(60)
    assert pair.post(f"{DEPLOYMENTS}/{CHAT}", {"drained": True}).status_code == 200

    def refused() -> bool:
        answers = [pair.chat() for _ in range(8)]
        return all(answer.status_code == 503 and answer.headers["retry-after"] == "10" for answer in answers)

    wait_for(refused, 30, "no gateway takes new calls")
    listener.join(120)
    assert pieces[-2 if not pieces[-1] else -1] == "data: [DONE]"
    answer = pair.post(f"{DEPLOYMENTS}/{CHAT}", {"canary": {"deployment": "next", "percent": 0}})
    assert answer.status_code == 200, answer.text

    def diverted() -> bool:
        return all(pair.chat().headers.get("x-ms-deployment-name") == "next" for _ in range(8))

    wait_for(diverted, 30, "its canary takes all")
    pair.post(f"{DEPLOYMENTS}/{CHAT}", {"drained": False, "canary": {}})
    wait_for(lambda: all("x-ms-deployment-name" not in pair.chat().headers for _ in range(8)), 30, "it is alone again")


def test_a_canary_gets_its_share_whichever_gateway_is_asked(pair: Server) -> None:
    pair.post(f"{DEPLOYMENTS}/{CHAT}", {"canary": {"deployment": "next", "percent": 100}})
    wait_for(lambda: all("x-ms-deployment-name" in pair.chat().headers for _ in range(8)), 30, "both send to it")
    pair.post(f"{DEPLOYMENTS}/{CHAT}", {"canary": {"deployment": "next", "percent": 30}})
    wait_for(lambda: any("x-ms-deployment-name" not in pair.chat(f"{n}").headers for n in range(9)), 30, "it follows")
    answers = [pair.chat(f"topic {number}", max_tokens=1) for number in range(120)]
    assert {answer.status_code for answer in answers} == {200}
    canary = [answer for answer in answers if answer.headers.get("x-ms-deployment-name") == "next"]
    # 36 expected, standard deviation 5: five of them on either side.
    assert 11 <= len(canary) <= 61
    again = [pair.chat(f"topic {number}", max_tokens=1) for number in range(20)]
    told = [answer.headers.get("x-ms-deployment-name") for answer in answers[:20]]
    assert [answer.headers.get("x-ms-deployment-name") for answer in again] == told, json.dumps(told)
    pair.post(f"{DEPLOYMENTS}/{CHAT}", {"canary": {}})


def test_rolling_back_loses_no_call(pair: Server) -> None:
    pair.post(f"{DEPLOYMENTS}/next", {"options": {"max_batch": 4}})
    wait_for(lambda: pair.get(f"{DEPLOYMENTS}/next").json()["version"] == 2, 30, "a second version")
    assert pair.post(f"{DEPLOYMENTS}/next/rollback", {}).json()["options"] == {"max_batch": 8}
    statuses = {pair.chat(model="next", max_tokens=1).status_code for _ in range(30)}
    assert statuses == {200}
