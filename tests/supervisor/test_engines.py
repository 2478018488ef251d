"""Engines of deployments: started, started again, replaced, let go. Real processes, real signals."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pleiade.domain import EndpointState, ModelFormat, Traffic
from pleiade.registry import deploy, restart, roll_back, set_traffic, undeploy
from pleiade.supervisor.table import read_table

Start = Callable[..., Any]
House = Any  # tests/supervisor/conftest.py


async def test_an_engine_that_is_ready_is_published_with_all_that_a_gateway_needs(house: House, start: Start) -> None:
    house.deploy("chat", aliases=("gpt-4o-mini", "openai/gpt-4o"))
    await start(house)
    endpoint = await house.until_ready("chat")
    assert endpoint.aliases == ("gpt-4o-mini", "openai/gpt-4o")
    assert (endpoint.model, endpoint.kind, endpoint.engine) == ("toy", "text", "scripted")
    assert (endpoint.context_length, endpoint.licence, endpoint.extra_usage) == (128, "MIT", True)
    assert endpoint.headers["authorization"].startswith("Bearer ")
    assert house.alive(house.ask_at(endpoint)["pid"])
    assert house.home.endpoints.stat().st_mode & 0o777 == 0o600  # it holds the engines' tokens


async def test_a_killed_engine_is_back_and_the_others_never_notice(house: House, start: Start) -> None:
    house.deploy("chat")
    house.deploy("other")
    await start(house)
    chat, other = await house.until_ready("chat"), await house.until_ready("other")
    os.kill(house.ask_at(chat)["pid"], signal.SIGKILL)
    again = await house.until("chat", lambda e: e.state is EndpointState.READY and e.url != chat.url)
    assert house.ask_at(again)["pid"] != house.ask_at(other)["pid"]
    assert house.endpoint("other") == other


async def test_an_engine_that_dies_leaves_its_last_words_and_how_it_ended(house: House, start: Start) -> None:
    house.deploy("chat", die_after_s=0.2)
    await start(house)
    failed = await house.until("chat", lambda e: "exited with code 3" in e.detail)
    assert "out of memory, say" in failed.detail
    assert "loading weights" in (house.home.logs / "chat.log").read_text()


async def test_an_engine_that_keeps_dying_is_started_again_and_again(house: House, start: Start) -> None:
    house.deploy("chat", die_after_s=0.01)
    await start(house)
    log = house.home.logs / "chat.log"
    await house.eventually(lambda: log.read_text().count("loading weights") >= 3)


async def test_a_hung_engine_is_killed_and_started_again(house: House, start: Start, tmp_path: Path) -> None:
    hang = tmp_path / "hang"
    house.deploy("chat", hang_file=str(hang))
    await start(house, watch_every_s=0.1, watch_timeout_s=0.3)
    first = await house.until_ready("chat")
    pid = house.ask_at(first)["pid"]
    hang.touch()
    failed = await house.until("chat", lambda e: e.state is not EndpointState.READY)
    hang.unlink()
    assert "did not answer 3 health checks" in failed.detail
    again = await house.until_ready("chat")
    assert house.ask_at(again)["pid"] != pid
    assert not house.alive(pid)


async def test_a_model_that_the_engine_refuses_fails_with_the_engines_reason(house: House, start: Start) -> None:
    house.deploy("chat", refuse=True)
    house.deploy("other")
    await start(house)
    await house.until("chat", lambda e: "wrong shape: convert it" in e.detail)
    await house.until_ready("other")


async def test_an_unknown_engine_is_named_with_those_that_there_are(house: House, start: Start) -> None:
    deploy(house.db, "chat", model="toy", engine="abacus")
    await start(house)
    await house.until("chat", lambda e: "no engine 'abacus'" in e.detail and "scripted" in e.detail)


async def test_a_remote_engine_needs_no_process(house: House, start: Start) -> None:
    house.deploy("far", url="https://example.invalid/v1/")
    await start(house)
    endpoint = await house.until_ready("far")
    assert (endpoint.url, endpoint.query) == ("https://example.invalid/v1", "api-version=x")
    assert (endpoint.headers, endpoint.rewrite_model) == ({"api-key": "k"}, True)


async def test_deployments_that_come_and_go_in_the_database_are_followed(house: House, start: Start) -> None:
    house.deploy("chat")
    await start(house)
    house.deploy("late")
    pid = house.ask_at(await house.until_ready("late"))["pid"]
    undeploy(house.db, "late")
    await house.eventually(lambda: not house.endpoint("late") and not house.alive(pid))
    assert (house.home.logs / "late.log").read_text().endswith("drained\n")
    assert house.endpoint("chat").state is EndpointState.READY


async def test_a_new_alias_is_published_without_a_restart(house: House, start: Start) -> None:
    house.deploy("chat")
    await start(house)
    before = await house.until_ready("chat")
    house.deploy("chat", aliases=("davinci",))
    after = await house.until("chat", lambda e: e.aliases == ("davinci",))
    assert after.url == before.url


async def test_a_changed_deployment_serves_until_its_successor_is_ready(house: House, start: Start) -> None:
    house.deploy("chat")
    await start(house)
    before = await house.until_ready("chat")
    seen = set()
    house.deploy("chat", load_s=0.5)
    async with asyncio.timeout(20):
        while (now := house.endpoint("chat")).url == before.url:
            seen.add(now.state)
            assert house.ask_at(before)["pid"]
            await asyncio.sleep(0.02)
    assert seen == {EndpointState.READY}
    assert now.state is EndpointState.READY
    pid = house.ask_at(before)["pid"]  # the old engine stays until gateways have read the new table
    await house.eventually(lambda: not house.alive(pid))


async def test_a_change_that_does_not_start_is_told_while_the_former_engine_serves(house: House, start: Start) -> None:
    house.deploy("chat")
    await start(house)
    before = await house.until_ready("chat")
    house.deploy("chat", refuse=True)
    told = await house.until("chat", lambda e: "wrong shape: convert it" in e.detail)
    assert "serves as before its last change" in told.detail
    assert (told.state, told.url) == (EndpointState.READY, before.url)
    assert house.ask("chat")["pid"]
    house.deploy("chat")  # taken back
    await house.until("chat", lambda e: e.detail == "" and e.url == before.url)


async def test_a_fault_in_an_engines_plan_fails_its_deployment_only(house: House, start: Start) -> None:
    house.deploy("broken", crash=True)
    house.deploy("chat")
    await start(house)
    await house.until("broken", lambda e: "ZeroDivisionError" in e.detail)
    await house.until_ready("chat")


async def test_an_adapter_is_loaded_into_the_engine_of_its_base(house: House, start: Start) -> None:
    house.deploy("chat")
    await start(house)
    await house.until_ready("chat")
    house.add_model("pirate-lora", format=ModelFormat.ADAPTER, path="/nowhere/lora", base="toy")
    house.deploy("pirate", model="pirate-lora")
    pirate = await house.until("pirate", lambda e: e.state is EndpointState.READY and e.send_model != "")
    chat = await house.until("chat", lambda e: e.url == pirate.url)
    assert (pirate.model, pirate.send_model) == ("pirate-lora", "pirate-lora")
    assert (chat.model, chat.send_model) == ("toy", "")
    await house.eventually(lambda: house.ask("pirate")["adapters"] == "pirate-lora")


async def test_an_engine_that_can_loads_adapters_while_it_runs(house: House, start: Start) -> None:
    house.deploy("chat", hot=True)
    await start(house)
    before = house.ask_at(await house.until_ready("chat"))["pid"]
    for name, path in (("pirate", "/nowhere/lora"), ("broken", "/nowhere/broken")):
        house.add_model(f"{name}-lora", format=ModelFormat.ADAPTER, path=path, base="toy")
        house.deploy(name, model=f"{name}-lora")
    await house.until_ready("pirate")
    broken = await house.until("broken", lambda e: e.state is EndpointState.FAILED)
    assert "made for another model" in broken.detail
    assert house.ask("pirate") == {"pid": before, "adapters": "pirate-lora"}
    undeploy(house.db, "pirate")
    await house.eventually(lambda: house.ask("chat") == {"pid": before, "adapters": ""})


async def test_a_restarted_engine_has_the_adapters_that_came_while_it_ran(house: House, start: Start) -> None:
    house.deploy("chat", hot=True)
    await start(house)
    pid = house.ask_at(await house.until_ready("chat"))["pid"]
    house.add_model("pirate-lora", format=ModelFormat.ADAPTER, path="/nowhere/lora", base="toy")
    house.deploy("pirate", model="pirate-lora")
    await house.until_ready("pirate")
    os.kill(pid, signal.SIGKILL)
    await house.until("pirate", lambda e: e.state is not EndpointState.READY)
    await house.until_ready("pirate")
    assert house.ask("pirate")["adapters"] == "pirate-lora"
    assert house.ask("pirate")["pid"] != pid


async def test_an_adapter_whose_base_is_not_deployed_has_an_engine_of_its_own(house: House, start: Start) -> None:
    for name in ("pirate", "sailor"):
        house.add_model(f"{name}-lora", format=ModelFormat.ADAPTER, path=f"/nowhere/{name}", base="toy")
    house.deploy("pirate", model="pirate-lora")
    await start(house)
    pirate = await house.until_ready("pirate")
    assert (pirate.model, pirate.send_model) == ("pirate-lora", "pirate-lora")
    house.deploy("sailor", model="sailor-lora")
    sailor = await house.until_ready("sailor")
    assert sailor.url == house.endpoint("pirate").url
    await house.eventually(lambda: house.ask("sailor")["adapters"] == "pirate-lora,sailor-lora")


async def test_a_deployment_goes_over_to_an_adapter_of_its_model_and_back_in_the_same_engine(
    house: House, start: Start
) -> None:
    house.deploy("chat", hot=True)
    await start(house)
    pid = house.ask_at(await house.until_ready("chat"))["pid"]
    house.add_model("pirate-lora", format=ModelFormat.ADAPTER, path="/nowhere/lora", base="toy")
    house.deploy("pirate", model="pirate-lora")
    await house.until_ready("pirate")
    house.deploy("chat", model="pirate-lora", hot=True)
    undeploy(house.db, "pirate")
    chat = await house.until("chat", lambda e: e.send_model == "pirate-lora")
    assert (chat.state, chat.model) == (EndpointState.READY, "pirate-lora")
    await house.eventually(lambda: all(e.deployment != "pirate" for e in read_table(house.home.endpoints).endpoints))
    assert house.ask("chat") == {"pid": pid, "adapters": "pirate-lora"}
    roll_back(house.db, "chat")
    await house.until("chat", lambda e: (e.state, e.model) == (EndpointState.READY, "toy"))
    await house.eventually(lambda: house.ask("chat") == {"pid": pid, "adapters": ""})


async def test_each_change_of_the_table_grows_its_version(house: House, start: Start) -> None:
    house.deploy("chat")
    await start(house)
    before = read_table(house.home.endpoints).version
    house.deploy("chat", aliases=("x",))
    await house.until("chat", lambda e: e.aliases == ("x",))
    assert read_table(house.home.endpoints).version > before


async def test_stopping_ends_an_engine_that_ignores_its_drain(house: House, start: Start) -> None:
    house.deploy("deaf", ignore_drain=True)
    supervisor = await start(house)
    pid = house.ask_at(await house.until_ready("deaf"))["pid"]
    await supervisor.stop()
    assert not house.alive(pid)
    assert not house.home.endpoints.exists()


async def test_a_restart_starts_a_new_engine_and_traffic_starts_none(house: House, start: Start) -> None:
    house.deploy("chat")
    house.deploy("next")
    await start(house)
    first = await house.until_ready("chat")
    pid = house.ask_at(first)["pid"]
    set_traffic(house.db, "chat", Traffic(canary="next", percent=5))
    told = await house.until("chat", lambda e: e.traffic.percent == 5)
    assert (told.traffic.canary, house.ask_at(told)["pid"]) == ("next", pid)
    restart(house.db, "chat")
    again = await house.until("chat", lambda e: e.url != first.url)
    assert (again.state, again.traffic.canary) == (EndpointState.READY, "next")
    assert house.ask_at(again)["pid"] != pid
    await house.eventually(lambda: not house.alive(pid))


async def test_rolling_back_replaces_the_engine_by_one_that_runs_what_the_last_one_did(
    house: House, start: Start
) -> None:
    house.add_model("other")
    house.deploy("chat")
    await start(house)
    await house.until_ready("chat")
    house.deploy("chat", model="other", load_s=60, die_after_s=0.01)  # it never answers
    broken = await house.until("chat", lambda e: "does not start" in e.detail)
    assert (broken.state, broken.model) == (EndpointState.READY, "toy")
    roll_back(house.db, "chat")
    back = await house.until("chat", lambda e: not e.detail)
    assert (back.state, back.model) == (EndpointState.READY, "toy")
