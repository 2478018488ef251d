"""The list of models, and deployments with their names. On SQLite and PostgreSQL."""

import threading

import pytest
import sqlalchemy as sa

from pleiade.domain import Model, ModelFormat, ModelKind
from pleiade.registry import (
    RegistryError,
    add_model,
    deploy,
    deployments_version,
    get_deployment,
    get_model,
    list_deployments,
    list_models,
    remove_model,
    undeploy,
)


def toy(model_id: str = "toy", **fields: object) -> Model:
    values = {
        "kind": ModelKind.TEXT,
        "format": ModelFormat.SAFETENSORS,
        "path": f"/models/{model_id}",
        **fields,
    }
    return Model(id=model_id, **values)


def test_a_model_comes_back_as_it_was_added(db: sa.Engine) -> None:
    model = toy(
        architecture="Qwen3ForCausalLM",
        parameters=7_000_000_000,
        context_length=32768,
        licence="Apache-2.0",
        source="hf:org/toy@abc",
        sha256="0" * 64,
    )
    added = add_model(db, model)
    assert added.created > 0
    assert get_model(db, "toy") == added
    assert list_models(db) == [added]


def test_a_taken_name_and_an_unusable_one_say_how_to_choose_another(db: sa.Engine) -> None:
    add_model(db, toy())
    with pytest.raises(RegistryError, match=r"registered already.*--name.*pleiade model remove toy"):
        add_model(db, toy())
    for bad in ("", "-rf", "a b", "é", "x" * 300):
        with pytest.raises(RegistryError, match="cannot be a model's name"):
            add_model(db, toy(bad))


def test_an_unknown_model_lists_those_there_are(db: sa.Engine) -> None:
    add_model(db, toy())
    with pytest.raises(RegistryError, match=r"no model is called 'toi' \(registered: toy\)"):
        get_model(db, "toi")


def test_a_deployed_model_cannot_be_removed(db: sa.Engine) -> None:
    add_model(db, toy())
    deploy(db, "chat", model="toy", engine="text_openvino")
    with pytest.raises(RegistryError, match=r"deployed as chat.*pleiade undeploy chat"):
        remove_model(db, "toy")
    undeploy(db, "chat")
    remove_model(db, "toy")
    assert list_models(db) == []


@pytest.mark.parametrize("wanted", ["toy", "/models/toy", "org/toy", "someone/else/toy"])
def test_an_adapter_finds_its_base_by_id_path_or_hub_name(db: sa.Engine, wanted: str) -> None:
    add_model(db, toy(source="hf:org/toy@abc"))
    adapter = add_model(db, toy("lora", format=ModelFormat.ADAPTER, base=wanted))
    assert adapter.base == "toy"
    with pytest.raises(RegistryError, match="is the base of lora"):
        remove_model(db, "toy")


def test_an_adapter_without_its_base_says_what_to_add(db: sa.Engine) -> None:
    with pytest.raises(RegistryError, match=r"adapts 'org/giant', which is not registered.*--base"):
        add_model(db, toy("lora", format=ModelFormat.ADAPTER, base="org/giant"))


def test_a_deployment_comes_back_as_it_was_made(db: sa.Engine) -> None:
    add_model(db, toy())
    options = {"weights": "int4", "max_batch": 8, "temperature": 0.5, "speculate": False}
    made = deploy(db, "chat", model="toy", engine="text_openvino", aliases=("b", "a", "b"), options=options)
    assert made.aliases == ("b", "a")
    assert list_deployments(db) == [made]
    assert get_deployment(db, "chat") == made


def test_deploying_again_changes_everything_but_the_time_of_creation(db: sa.Engine) -> None:
    add_model(db, toy())
    first = deploy(db, "chat", model="toy", engine="text_openvino", aliases=("gpt-4o", "gpt-4"))
    again = deploy(db, "chat", model="toy", engine="text_llamacpp", aliases=("gpt-4",), options={"threads": 2})
    assert list_deployments(db) == [again]
    assert (again.engine, again.aliases, again.created) == ("text_llamacpp", ("gpt-4",), first.created)
    deploy(db, "other", model="toy", engine="text_openvino", aliases=("gpt-4o",))  # free again


@pytest.mark.parametrize(
    ("name", "aliases", "says"),
    [
        ("other", ("gpt-4o",), "'gpt-4o' is already an alias of 'chat'.*pleiade undeploy chat"),
        ("other", ("chat",), "'chat' is already the name of another deployment"),
        ("gpt-4o", (), "'gpt-4o' is already an alias of 'chat'"),
        ("other", ("other",), "own name"),
        ("a/b", (), "cannot be a deployment's name"),
        ("other", ("white space",), "cannot be an alias"),
    ],
)
def test_a_name_reaches_one_deployment_only(db: sa.Engine, name: str, aliases: tuple[str, ...], says: str) -> None:
    add_model(db, toy())
    deploy(db, "chat", model="toy", engine="text_openvino", aliases=("gpt-4o",))
    before = list_deployments(db)
    with pytest.raises(RegistryError, match=says):
        deploy(db, name, model="toy", engine="text_openvino", aliases=aliases)
    assert list_deployments(db) == before


def test_an_alias_may_look_like_a_hub_name(db: sa.Engine) -> None:
    add_model(db, toy())
    assert deploy(db, "chat", model="toy", engine="e", aliases=("openai/gpt-4o:free",)).aliases


def test_of_two_who_take_a_name_at_once_one_wins(db: sa.Engine) -> None:
    add_model(db, toy())
    outcomes: list[str] = []
    barrier = threading.Barrier(4)

    def take(number: int) -> None:
        barrier.wait()
        try:
            deploy(db, f"d{number}", model="toy", engine="e", aliases=("gpt-4o",))
            outcomes.append("won")
        except RegistryError:
            outcomes.append("lost")

    takers = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert sorted(outcomes) == ["lost", "lost", "lost", "won"]
    assert len(list_deployments(db)) == 1


def test_removing_by_an_alias_names_the_deployment(db: sa.Engine) -> None:
    add_model(db, toy())
    deploy(db, "chat", model="toy", engine="e", aliases=("gpt-4o",))
    with pytest.raises(RegistryError, match="alias of the deployment 'chat'"):
        undeploy(db, "gpt-4o")
    with pytest.raises(RegistryError, match=r"no deployment is called 'x' \(there are: chat\)"):
        undeploy(db, "x")


def test_every_change_of_models_and_deployments_grows_the_version(db: sa.Engine) -> None:
    seen = [deployments_version(db)]
    for change in (
        lambda: add_model(db, toy()),
        lambda: deploy(db, "chat", model="toy", engine="e"),
        lambda: deploy(db, "chat", model="toy", engine="e", aliases=("x",)),
        lambda: undeploy(db, "chat"),
        lambda: remove_model(db, "toy"),
    ):
        change()
        seen.append(deployments_version(db))
    assert seen == sorted(set(seen))
