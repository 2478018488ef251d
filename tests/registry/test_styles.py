"""The styles of a model of pictures, as its folder tells them."""

import json
from pathlib import Path

import pytest

from pleiade.domain import Model, ModelFormat, ModelKind
from pleiade.registry.styles import styles_of


def model(path: Path, architecture: str = "PleiadePix") -> Model:
    return Model(
        id="pix", kind=ModelKind.IMAGE, format=ModelFormat.ONNX, path=str(path), architecture=architecture, source=""
    )


def test_the_folder_tells_its_styles(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"styles": {"outline": 1, "flat": 4}}))
    assert styles_of(model(tmp_path)) == ("outline", "flat")
    assert styles_of(model(tmp_path, "Qwen3ForCausalLM")) == ()


@pytest.mark.parametrize("text", [None, "{", "[]", '{"styles": "flat"}', "{}"])
def test_a_folder_that_tells_none_has_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    assert styles_of(model(tmp_path)) == ()
