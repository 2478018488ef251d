"""The table of endpoints as gateways follow it."""

import logging
from pathlib import Path

import msgspec
import pytest
from scripted_engine import ScriptedEngine
from scripted_gateway import endpoint

from pleiade.domain import Endpoint, EndpointTable
from pleiade.gateway.directory import Directory


def write(path: Path, *endpoints: Endpoint) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(EndpointTable(version=1, endpoints=endpoints)))
    new.replace(path)


def test_a_deployment_comes_before_an_alias_and_both_before_a_model(tmp_path: Path) -> None:
    somewhere = ScriptedEngine(port=1)
    directory = Directory(tmp_path / "endpoints.json")
    write(
        tmp_path / "endpoints.json",
        endpoint(somewhere, deployment="a", model="m", aliases=("b", "x")),
        endpoint(somewhere, deployment="b", model="a", aliases=("x", "m")),
        endpoint(somewhere, deployment="c", model="only", aliases=()),
    )
    directory.refresh()
    found = {name: directory.find(name) for name in ("a", "b", "x", "m", "only", "nothing")}
    assert {name: target and target.endpoint.deployment for name, target in found.items()} == {
        "a": "a",
        "b": "b",
        "x": "a",  # the first that claimed it
        "m": "b",  # an alias of b, though it is a's model
        "only": "c",
        "nothing": None,
    }
    assert list(directory.names()) == ["a", "b", "c", "x", "m"]


def test_urls_carry_the_query_of_the_endpoint() -> None:
    directory = Directory()
    remote = endpoint(ScriptedEngine(port=1), url="https://r.example/openai/deployments/d%20x", query="api-version=1")
    directory.replace(EndpointTable(version=1, endpoints=(remote,)))
    target = directory.find("chat")
    assert target is not None
    assert str(target.url("/embeddings")) == "https://r.example/openai/deployments/d%20x/embeddings?api-version=1"


def test_a_table_that_cannot_be_read_leaves_the_last_one_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "endpoints.json"
    directory = Directory(path)
    write(path, endpoint(ScriptedEngine(port=1)))
    directory._try_refresh()
    path.write_text("{half")
    with caplog.at_level(logging.WARNING):
        directory._try_refresh()
        directory._try_refresh()
    assert directory.find("chat") is not None
    assert caplog.text.count("cannot be read") == 1
    path.unlink()
    directory._try_refresh()
    assert directory.find("chat") is not None


def test_an_unchanged_endpoint_keeps_what_was_prepared_for_it() -> None:
    directory = Directory()
    one, two = (
        endpoint(ScriptedEngine(port=1)),
        endpoint(ScriptedEngine(port=2), deployment="two", aliases=()),
    )
    directory.replace(EndpointTable(version=1, endpoints=(one, two)))
    before = directory.find("chat"), directory.find("two")
    changed = endpoint(ScriptedEngine(port=3), deployment="two", aliases=())
    directory.replace(EndpointTable(version=2, endpoints=(one, changed)))
    assert directory.find("chat") is before[0]
    assert directory.find("two") is not before[1]
