"""In whose engine an adapter is loaded."""

import msgspec
import pytest

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.registry.hosts import host_of

TOY = Model(id="toy", kind=ModelKind.TEXT, format=ModelFormat.SAFETENSORS, path="/toy")
LORA = msgspec.structs.replace(TOY, id="lora", format=ModelFormat.ADAPTER, base="toy")
MODELS = {"toy": TOY, "lora": LORA}


def made(name: str, model: str, created: int) -> Deployment:
    return Deployment(name=name, model=model, engine="text_openvino", created=created)


@pytest.mark.parametrize(
    ("deployments", "host"),
    [
        ([made("chat", "toy", 1), made("a-pirate", "lora", 2)], "chat"),
        ([made("a-pirate", "lora", 1), made("chat", "toy", 1)], "chat"),  # the same second: names say nothing
        ([made("chat", "lora", 1), made("a-pirate", "lora", 2)], "chat"),  # it served the base before
        ([made("a-pirate", "lora", 1)], "a-pirate"),
    ],
)
def test_an_adapter_is_where_its_base_is(deployments: list[Deployment], host: str) -> None:
    adapter = next(one for one in deployments if one.name == "a-pirate")
    assert host_of(adapter, deployments, MODELS).name == host
