"""Ratings become a candidate that is tried on a fifth of the calls: one is promoted, a bad one taken away. All real."""

import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from serving import CHAT, PLEIADE, Server, serve, wait_for

GOOD, BAD = "Hi! What would you like to talk about?", "I am sorry, but I cannot help with that."
QUESTIONS = (
    *("Who are you?", "What is a cat?", "Where is Paris?", "Can you sing?", "What is two?", "What is the sun?"),
    *("Tell me a joke.", "What is water?", "Name a colour.", "Why is the sky blue?", "What is a dog?"),
    *("Who wrote Hamlet?", "What time is it?", "Do you like tea?"),
)
LESSONS = "/v1/organization/lessons"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A house of its own, which keeps what is said: its chat model learns."""
    with serve(tmp_path_factory.mktemp("learning") / "home", env={"PLEIADE_RUNS": "content"}) as server:
        yield server


def ask(house: Server, question: str, tokens: int = 24) -> tuple[str, str, str]:
    """The answer to a question, the id of its request, and the deployment that gave it."""
    answer = house.chat(question, max_tokens=tokens, temperature=0)
    assert answer.status_code == 200, answer.text
    by = answer.headers.get("x-ms-deployment-name", CHAT)
    return str(answer.json()["choices"][0]["message"]["content"]), answer.headers["x-request-id"], by


def rate(house: Server, request: str, verdict: str, **more: Any) -> None:
    """Say what one thinks of an answer, as soon as its run is known."""

    def taken() -> bool:
        body = {"run_id": request, "verdict": verdict, "consent": True, **more}
        answer = house.post("/v1/feedback", body)
        assert answer.status_code in (200, 404), answer.text
        return answer.status_code == 200

    wait_for(taken, 120, f"the run of {request} is known")


def correct_all(house: Server, wished: str) -> None:
    """Somebody wishes for another answer to every question."""
    asked = [ask(house, question) for question in QUESTIONS]
    for answer, request, _ in asked:
        if answer.strip() != wished:
            rate(house, request, "down", reasons=["style"], correction=wished)


def lesson(house: Server, identifier: str) -> dict[str, Any]:
    """A lesson as it is now."""
    return dict(house.get(f"{LESSONS}/{identifier}").json())


def until(house: Server, identifier: str, *states: str) -> dict[str, Any]:
    """The lesson once it has one of these states."""

    def there() -> bool:
        now = lesson(house, identifier)
        assert now["state"] in states or now["state"] not in ("failed", "rolled_back"), now["reason"]
        return now["state"] in states

    wait_for(there, 600, f"{identifier} is {states}: {lesson(house, identifier)}")
    return lesson(house, identifier)


def try_out(house: Server, candidate: str, count: int = 60) -> tuple[list[str], list[str]]:
    """Ask much; the requests that the candidate answered, and those that it did not."""
    numbers = itertools.count()  # each question has its place: who has asked a few may have none of the canary's
    wait_for(lambda: ask(house, f"Try {next(numbers)}.", 1)[2] == candidate, 120, "the canary is called")
    asked = [ask(house, f"What is {number}?", 1) for number in range(count)]
    assert {by for _, _, by in asked} == {CHAT, candidate}
    mine = [request for _, request, by in asked if by == candidate]
    return mine, [request for _, request, by in asked if by == CHAT]


def deployments(house: Server) -> dict[str, dict[str, Any]]:
    """What the house runs, by name."""
    return {one["name"]: one for one in house.get("/v1/organization/deployments").json()["data"]}


def pleiade(house: Server, *arguments: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(
        [str(PLEIADE), *arguments, "--home", str(house.home), "--url", f"{house.url}/v1", "--key", house.key],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(1800)
def test_what_people_wished_for_is_learned_tried_on_a_fifth_of_the_calls_and_promoted(house: Server) -> None:
    correct_all(house, GOOD)
    rate(house, ask(house, "Is this private?")[1], "down", correction=GOOD, consent=False)
    rate(house, ask(house, "What is my mail?")[1], "down", correction=f"{GOOD} Or write to ann@example.org.")
    engine = house.child("text_openvino")

    told = json.loads(pleiade(house, "lessons", "data", CHAT, "--json"))
    assert told["left_out"] == {"no consent": 1}
    assert told["redacted"]["email"] == 1
    assert "ann@example.org" not in json.dumps(told)
    quick = ("--n-epochs=6", "--batch-size=4", "--learning-rate-multiplier=100", "--seed=7")
    begun = json.loads(pleiade(house, "lessons", "start", CHAT, "--ratings=3", *quick, "--json"))["id"]
    assert house.post(LESSONS, {"deployment": CHAT}).json()["error"]["code"] == "lesson_under_way"

    tried = until(house, begun, "canary")
    data, candidate = tried["data"], tried["candidate"]["deployment"]
    assert data["examples"] + data["held_back"] == told["examples"]
    assert sorted(data["feedback_ids"]) == told["feedback_ids"]
    assert house.get(f"/v1/files/{data['training_file']}").json()["sha256"] == data["sha256"]
    assert house.get(f"/v1/fine_tuning/jobs/{tried['job_id']}").json()["metadata"] == {"lesson": begun}
    assert tried["candidate"]["gate"] > tried["incumbent"]["gate"]
    assert tried["candidate"]["flagged"] is not None
    assert deployments(house)[CHAT]["canary"] == {"deployment": candidate, "percent": 20}

    mine, others = try_out(house, candidate)
    # 12 of 60 expected, standard deviation 3: five of them on either side.
    assert 1 <= len(mine) <= 28
    learned = house.chat("What is a bird?", model=candidate, max_tokens=24, temperature=0).json()["choices"]
    for request in others[:2]:
        rate(house, request, "down")
    for request in mine[:3]:  # the last: then it waits
        rate(house, request, "up")
    for _ in range(3 - len(mine)):
        rate(house, house.chat("?", model=candidate).headers["x-request-id"], "up")
    waiting = until(house, begun, "waiting")
    assert (waiting["candidate"]["down"], waiting["incumbent"]["down"]) == (0, 2)
    assert "waits for a decision" in pleiade(house, "lessons")

    pleiade(house, "lessons", "promote", begun)
    wait_for(lambda: house.chat("Hm?").json()["model"] == candidate, 60, "it serves what was learned")
    assert ask(house, "What is a bird?")[0] == learned[0]["message"]["content"]
    after = deployments(house)
    assert candidate not in after
    assert (after[CHAT]["model"], after[CHAT]["version"], after[CHAT]["canary"]) == (candidate, 2, None)
    assert house.child("text_openvino") == engine, "the same process: the adapter is in it"


@pytest.mark.timeout(1800)
def test_a_candidate_that_people_dislike_is_rolled_back_by_itself_though_its_runner_was_killed(house: Server) -> None:
    before = deployments(house)[CHAT]
    since = int(time.time()) + 1
    wait_for(lambda: time.time() > since, 60, "a second has passed")
    correct_all(house, BAD)
    hyperparameters = {"n_epochs": 6, "batch_size": 4, "learning_rate_multiplier": 10}
    body = {"deployment": CHAT, "kind": "sft", "since": since, "seed": 7, "hyperparameters": hyperparameters}
    answer = house.post(LESSONS, body)
    assert answer.status_code == 200, answer.text
    begun = str(answer.json()["id"])
    candidate = until(house, begun, "canary")["candidate"]["deployment"]
    mine, others = try_out(house, candidate)
    os.kill(house.child("pleiade.jobs"), signal.SIGKILL)
    mine += [house.chat("?", model=candidate).headers["x-request-id"] for _ in range(6 - len(mine))]
    for request in mine[:6]:
        rate(house, request, "down")
    for request in others[:6]:
        rate(house, request, "up")
    over = until(house, begun, "rolled_back")
    assert over["reason"].startswith("People rate the candidate worse: 6 of 6 of its answers down")
    assert over["decided_by"] == ""
    after = deployments(house)
    assert candidate not in after
    same = ("model", "version", "canary", "aliases", "options")
    assert [after[CHAT][name] for name in same] == [before[name] for name in same]
    wait_for(lambda: house.chat("?", model=candidate).status_code == 404, 60, "nobody can call it")
    assert {ask(house, f"What is {number}?", 1)[2] for number in range(10)} == {CHAT}
    assert house.post(f"{LESSONS}/{begun}/promote").json()["error"]["code"] == "lesson_is_over"
    acts = [event["type"] for event in house.get("/v1/organization/audit_logs?limit=20").json()["data"]]
    assert "deployment.deleted" in acts
