"""Traffic and versions of deployments, as rows."""

import pytest
import sqlalchemy as sa

from pleiade.domain import Model, ModelFormat, ModelKind, Traffic
from pleiade.registry import (
    RegistryError,
    add_model,
    deploy,
    get_deployment,
    list_versions,
    remove_model,
    restart,
    roll_back,
    set_traffic,
    undeploy,
    version_numbers,
)


@pytest.fixture
def house(db: sa.Engine) -> sa.Engine:
    """Two text models and an encoder, each deployed once."""
    for name, kind in (("small", ModelKind.TEXT), ("large", ModelKind.TEXT), ("encoder", ModelKind.EMBEDDING)):
        add_model(db, Model(id=name, kind=kind, format=ModelFormat.SAFETENSORS, path="/nowhere"))
    for name, model in (("chat", "small"), ("next", "large"), ("embed", "encoder"), ("embed-2", "encoder")):
        deploy(db, name, model=model, engine="text_openvino")
    return db


def test_traffic_is_kept_when_a_deployment_changes(house: sa.Engine) -> None:
    set_traffic(house, "chat", Traffic(canary="next", percent=5))
    changed = deploy(house, "chat", model="large", engine="text_openvino", aliases=("gpt-4o",))
    assert changed.traffic == Traffic(canary="next", percent=5)
    assert set_traffic(house, "chat", Traffic()).traffic == Traffic()


@pytest.mark.parametrize(
    ("traffic", "why"),
    [
        (Traffic(canary="nobody", percent=5), "no deployment is called 'nobody'"),
        (Traffic(canary="chat", percent=5), "its own canary"),
        (Traffic(canary="embed", percent=5), "embedding model"),
        (Traffic(canary="next", percent=101), "between 0 and 100"),
        (Traffic(percent=5), "to whom"),
    ],
)
def test_a_share_that_leads_nowhere_is_refused(house: sa.Engine, traffic: Traffic, why: str) -> None:
    with pytest.raises(RegistryError, match=why):
        set_traffic(house, "chat", traffic)
    assert get_deployment(house, "chat").traffic == Traffic()


def test_vectors_of_two_models_are_not_mixed(house: sa.Engine) -> None:
    add_model(house, Model(id="other", kind=ModelKind.EMBEDDING, format=ModelFormat.SAFETENSORS, path="/nowhere"))
    deploy(house, "embed-3", model="other", engine="embed_openvino")
    with pytest.raises(RegistryError, match="cannot be compared"):
        set_traffic(house, "embed", Traffic(canary="embed-3", percent=5))
    assert set_traffic(house, "embed", Traffic(canary="embed-2", percent=5)).traffic.percent == 5


def test_a_call_goes_on_once_at_most(house: sa.Engine) -> None:
    deploy(house, "third", model="large", engine="text_openvino")
    set_traffic(house, "chat", Traffic(canary="next", percent=5))
    with pytest.raises(RegistryError, match="is the canary of chat"):
        set_traffic(house, "next", Traffic(canary="third", percent=5))
    with pytest.raises(RegistryError, match="has a canary itself"):
        set_traffic(house, "third", Traffic(canary="chat", percent=5))
    with pytest.raises(RegistryError, match="is the canary of chat"):
        set_traffic(house, "next", Traffic(drained=True))


def test_a_canary_is_not_removed_under_those_who_send_to_it(house: sa.Engine) -> None:
    set_traffic(house, "chat", Traffic(canary="next", percent=5))
    with pytest.raises(RegistryError, match="chat sends calls to next"):
        undeploy(house, "next")
    undeploy(house, "chat")
    undeploy(house, "next")


def test_what_a_deployment_ran_before_is_one_step_back_and_forth(house: sa.Engine) -> None:
    deploy(house, "chat", model="large", engine="text_openvino", options={"weights": "int4"})
    deploy(house, "chat", model="large", engine="text_openvino", options={"weights": "int4"}, aliases=("gpt-4o",))
    assert [(one.number, one.model, one.options) for one in list_versions(house, "chat")] == [
        (2, "large", {"weights": "int4"}),
        (1, "small", {}),
    ]
    back = roll_back(house, "chat")
    assert (back.number, back.model, back.options) == (3, "small", {})
    now = get_deployment(house, "chat")
    assert (now.model, now.options, now.aliases) == ("small", {}, ("gpt-4o",))
    assert roll_back(house, "chat").model == "large"
    assert roll_back(house, "chat", 1).model == "small"
    assert version_numbers(house)["chat"] == 5


def test_a_way_back_that_leads_nowhere_says_why(house: sa.Engine) -> None:
    with pytest.raises(RegistryError, match="has run nothing else yet"):
        roll_back(house, "chat")
    deploy(house, "chat", model="large", engine="text_openvino")
    for number, why in ((9, "has no version 9: its versions are 1 to 2"), (2, "already")):
        with pytest.raises(RegistryError, match=why):
            roll_back(house, "chat", number)
    remove_model(house, "small")
    with pytest.raises(RegistryError, match="ran small, which is registered no more"):
        roll_back(house, "chat")
    assert get_deployment(house, "chat").model == "large"


def test_a_restart_is_one_more_and_an_adapter_has_none(house: sa.Engine) -> None:
    assert restart(house, "chat").restarts == 1
    set_traffic(house, "chat", Traffic(drained=True))
    again = restart(house, "chat")
    assert (again.restarts, again.traffic.drained) == (2, True)
    add_model(house, Model(id="tuned", kind=ModelKind.TEXT, format=ModelFormat.ADAPTER, base="small", path="/nowhere"))
    deploy(house, "tuned", model="tuned", engine="text_openvino")
    with pytest.raises(RegistryError, match="runs in the engine of chat: restart that"):
        restart(house, "tuned")
