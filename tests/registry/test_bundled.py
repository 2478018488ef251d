"""The models that come with an installation, and what a first start deploys."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from hatchling.builders.wheel import WheelBuilder

from pleiade.registry import (
    RegistryError,
    adopt_defaults,
    bundled,
    deploy,
    deployments_version,
    get_model,
    list_deployments,
    list_models,
    register_bundled,
    undeploy,
)
from pleiade.registry.bundled import EMBEDDING_MODEL, bundled_folders, register_missing, verify_bundled


def test_the_embedding_package_is_found_without_importing_it_and_is_as_published() -> None:
    folder = bundled_folders()[EMBEDDING_MODEL]
    assert bundled.EMBEDDING_PACKAGE not in sys.modules
    verify_bundled(EMBEDDING_MODEL, folder)


def test_bundled_models_are_registered_with_card_and_checksum(sqlite_db: sa.Engine) -> None:
    register_bundled(sqlite_db)
    model = get_model(sqlite_db, EMBEDDING_MODEL)
    assert model.bundled
    assert (model.source, model.licence, model.architecture) == ("bundled", "Apache-2.0", "BertModel")
    assert (model.parameters, model.context_length, model.embedding_length) == (22713728, 256, 384)
    assert model.sha256 == bundled.EMBEDDING_SHA256


def test_a_folder_in_the_package_is_a_model_by_its_name(
    sqlite_db: sa.Engine, folder: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "bundled"
    ours.mkdir()
    monkeypatch.setattr(bundled, "OURS", ours)
    for name in ("pleiade-pico", "pleiade-code-pico"):
        folder(f"bundled/{name}")
    scores = {"architectures": ["Qwen3ForSequenceClassification"], "id2label": {"0": "reward"}}
    folder("bundled/pleiade-reward-pico", **scores)
    (ours / "not-a-model").mkdir()
    register_bundled(sqlite_db)
    kinds = {model.id: model.kind.value for model in list_models(sqlite_db)}
    assert kinds == {
        EMBEDDING_MODEL: "embedding",
        "pleiade-pico": "text",
        "pleiade-code-pico": "text",
        "pleiade-reward-pico": "reward",
    }
    adopt_defaults(sqlite_db)  # the others are deployed by who wants them
    assert {d.name: d.model for d in list_deployments(sqlite_db)} == {
        "pleiade-chat": "pleiade-pico",
        "pleiade-embed": EMBEDDING_MODEL,
    }


def test_the_wheel_holds_every_bundled_file_and_they_stay_small() -> None:
    files = [path for path in bundled.OURS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 80_000_000
    root = Path(__file__).parents[2]
    packed = {included.path for included in WheelBuilder(str(root)).recurse_included_files()}
    assert {str(path) for path in files} <= packed
    for model_id, path in bundled_folders().items():
        if path.parent == bundled.OURS:
            assert (path / "SHA256SUMS").is_file()
            verify_bundled(model_id, path)


def test_starting_again_changes_nothing(sqlite_db: sa.Engine) -> None:
    register_bundled(sqlite_db)
    adopt_defaults(sqlite_db)
    before = deployments_version(sqlite_db)
    register_bundled(sqlite_db)
    register_missing(sqlite_db)
    assert adopt_defaults(sqlite_db) == []
    assert deployments_version(sqlite_db) == before


def test_an_upgrade_that_moves_a_bundled_model_is_followed(
    sqlite_db: sa.Engine, folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = folder("first"), folder("second", max_position_embeddings=4096)
    monkeypatch.setattr(bundled, "bundled_folders", lambda: {"pleiade-pico": first})
    register_bundled(sqlite_db)
    created = get_model(sqlite_db, "pleiade-pico").created
    monkeypatch.setattr(bundled, "bundled_folders", lambda: {"pleiade-pico": second})
    register_bundled(sqlite_db)
    model = get_model(sqlite_db, "pleiade-pico")
    assert (model.path, model.context_length, model.created) == (str(second), 4096, created)


def test_weights_that_are_not_as_published_are_refused(folder: Callable[..., Path]) -> None:
    path = folder("pleiade-pico")
    digest = hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()
    (path / "SHA256SUMS").write_text(f"{digest}  model.safetensors\n")
    verify_bundled("pleiade-pico", path)
    with (path / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    with pytest.raises(RegistryError, match="is not what was published"):
        verify_bundled("pleiade-pico", path)
    with pytest.raises(RegistryError, match="is not what was published"):
        verify_bundled(EMBEDDING_MODEL, path)


def test_a_default_deployment_is_made_once_and_stays_removed(sqlite_db: sa.Engine) -> None:
    register_bundled(sqlite_db)
    adopt_defaults(sqlite_db)
    made = {deployment.name: deployment for deployment in list_deployments(sqlite_db)}
    assert made["pleiade-embed"].engine == "embed_openvino"
    assert {name for name, deployment in made.items() if deployment.aliases} == {"pleiade-moderation"}
    undeploy(sqlite_db, "pleiade-embed")
    assert adopt_defaults(sqlite_db) == []
    assert "pleiade-embed" not in {deployment.name for deployment in list_deployments(sqlite_db)}


def test_names_that_a_house_gave_stay_its_own(sqlite_db: sa.Engine) -> None:
    register_bundled(sqlite_db)
    deploy(sqlite_db, "guard", model="pleiade-moderation", engine="moderation", aliases=["omni-moderation-latest"])
    adopt_defaults(sqlite_db)
    made = {deployment.name: deployment.aliases for deployment in list_deployments(sqlite_db)}
    assert made["guard"] == ("omni-moderation-latest",)
    assert "omni-moderation-latest" not in made["pleiade-moderation"]
    assert "text-moderation-latest" in made["pleiade-moderation"]
