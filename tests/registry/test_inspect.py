"""Reading models from disk: what is whole is described, what is broken is named with its remedy."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pleiade.domain import ModelFormat, ModelKind
from pleiade.registry import RegistryError, inspect_model

Writer = Callable[..., Path]
Zeros = Callable[[dict[str, tuple[int, ...]]], bytes]


def test_a_text_model_folder_is_described(folder: Writer) -> None:
    path = folder()
    model = inspect_model(path)
    assert (model.id, model.kind, model.format) == ("toy", ModelKind.TEXT, ModelFormat.SAFETENSORS)
    assert (model.architecture, model.parameters, model.context_length) == ("Qwen3ForCausalLM", 160, 2048)
    assert (model.licence, model.path) == ("Apache-2.0", str(path))
    assert model.sha256 == hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()


def test_a_sentence_encoder_folder_is_an_embedding_model(folder: Writer) -> None:
    path = folder(architectures=["BertModel"], max_position_embeddings=512)
    (path / "sentence_bert_config.json").write_text('{"max_seq_length": 256}')
    (path / "1_Pooling").mkdir()
    (path / "1_Pooling" / "config.json").write_text('{"word_embedding_dimension": 384}')
    model = inspect_model(path)
    assert (model.kind, model.context_length, model.embedding_length) == (ModelKind.EMBEDDING, 256, 384)


def test_a_decoder_with_one_label_is_a_reward_model(folder: Writer) -> None:
    labels = {"id2label": {"0": "reward"}, "label2id": {"reward": 0}}
    model = inspect_model(folder(architectures=["Qwen3ForSequenceClassification"], **labels))
    assert (model.kind, model.architecture) == (ModelKind.REWARD, "Qwen3ForSequenceClassification")
    assert inspect_model(folder("b", architectures=["LlamaForSequenceClassification"], num_labels=1)).kind == "reward"
    for name, more in {"c": {}, "d": {"id2label": {"0": "bad", "1": "good"}}}.items():
        with pytest.raises(RegistryError, match="a classifier with 2 labels; a reward model has one"):
            inspect_model(folder(name, architectures=["Qwen3ForSequenceClassification"], **more))


def test_weights_in_several_files_are_counted_together(folder: Writer, zeros: Zeros) -> None:
    path = folder(without=("model.safetensors",))
    for part in ("a", "b"):
        (path / f"{part}.safetensors").write_bytes(zeros({part: (5, 5)}))
    (path / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}})
    )
    assert inspect_model(path).parameters == 50
    (path / "b.safetensors").unlink()
    with pytest.raises(RegistryError, match=r"lacks b\.safetensors"):
        inspect_model(path)


def test_a_lora_folder_is_an_adapter_with_its_base(tmp_path: Path, zeros: Zeros) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "base_model_name_or_path": "org/toy"}')
    with pytest.raises(RegistryError, match=r"lacks adapter_model\.safetensors"):
        inspect_model(tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(zeros({"lora_A": (4, 8)}))
    model = inspect_model(tmp_path)
    assert (model.format, model.base, model.parameters) == (ModelFormat.ADAPTER, "org/toy", 32)
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "PREFIX_TUNING"}')
    with pytest.raises(RegistryError, match="PREFIX_TUNING adapter; Pleiade serves LoRA"):
        inspect_model(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"without": ("tokenizer.json",)}, "has no tokenizer: it needs tokenizer.json"),
        ({"without": ("config.json",)}, "is not a model folder: it has no config.json"),
        ({"without": ("model.safetensors",)}, "has no weights: it needs model.safetensors"),
        ({"architectures": []}, "names no architecture"),
        ({"architectures": ["WhisperForConditionalGeneration"]}, "Whisper.*which Pleiade cannot serve"),
    ],
)
def test_a_folder_that_cannot_be_served_says_what_it_lacks(folder: Writer, change: dict, says: str) -> None:
    with pytest.raises(RegistryError, match=says):
        inspect_model(folder(**change))


def test_an_older_tokenizer_is_told_how_to_become_a_new_one(folder: Writer) -> None:
    path = folder(without=("tokenizer.json",))
    (path / "tokenizer.model").write_bytes(b"sentencepiece")
    with pytest.raises(RegistryError, match="save_pretrained"):
        inspect_model(path)


def test_pickled_weights_are_refused(folder: Writer) -> None:
    path = folder(without=("model.safetensors",))
    (path / "pytorch_model.bin").write_bytes(b"\x80\x04pickle")
    with pytest.raises(RegistryError, match=r"pickled PyTorch files.*safetensors"):
        inspect_model(path)


@pytest.mark.parametrize("missing", [1, 100, 640])
def test_a_truncated_safetensors_file_is_named_with_both_sizes(folder: Writer, missing: int) -> None:
    weights = folder() / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-missing])
    with pytest.raises(RegistryError, match=rf"truncated: .* {len(whole):,} bytes, .* {len(whole) - missing:,}"):
        inspect_model(weights.parent)


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\xff" * 64, (5).to_bytes(8, "little") + b"{..}}"])
def test_weights_that_are_no_safetensors_file_are_named(folder: Writer, content: bytes) -> None:
    weights = folder() / "model.safetensors"
    weights.write_bytes(content)
    with pytest.raises(RegistryError, match=r"model\.safetensors"):
        inspect_model(weights.parent)


def test_a_config_that_is_no_json_is_named(folder: Writer) -> None:
    path = folder()
    (path / "config.json").write_text("{'single': 'quotes'}")
    with pytest.raises(RegistryError, match=r"config\.json cannot be read"):
        inspect_model(path)


def test_a_gguf_file_is_described(gguf_file: Writer) -> None:
    path = gguf_file()
    model = inspect_model(path)
    assert (model.id, model.kind, model.format) == ("toy", ModelKind.TEXT, ModelFormat.GGUF)
    assert (model.architecture, model.parameters) == ("LlamaForCausalLM", 2 * 50 * 32)
    assert (model.context_length, model.licence) == (4096, "Apache-2.0")
    assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_gguf_encoder_is_an_embedding_model(gguf_file: Writer) -> None:
    model = inspect_model(gguf_file(architecture="bert", tokenizer="bert"))
    assert (model.kind, model.embedding_length) == (ModelKind.EMBEDDING, 32)


@pytest.mark.parametrize("keep", [3, 24, 200, 0.5, 0.9, 0.999])
def test_a_truncated_gguf_file_is_named(gguf_file: Writer, keep: float) -> None:
    path = gguf_file()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep if keep > 1 else keep * len(whole))])
    with pytest.raises(RegistryError, match=r"toy\.gguf (is truncated or damaged|is not a GGUF file)"):
        inspect_model(path)


def test_a_gguf_file_without_tokenizer_is_named(gguf_file: Writer) -> None:
    with pytest.raises(RegistryError, match="has no tokenizer"):
        inspect_model(gguf_file(tokenizer=None))


def test_missing_parts_of_a_split_gguf_are_named(gguf_file: Writer) -> None:
    with pytest.raises(RegistryError, match=r"missing beside it: toy-00002-of-00002\.gguf"):
        inspect_model(gguf_file("toy-00001-of-00002.gguf", split=2))


def test_a_web_page_saved_as_gguf_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_text("<!doctype html><title>Sign in</title>")
    with pytest.raises(RegistryError, match="is not a GGUF file"):
        inspect_model(tmp_path / "model.gguf")


@pytest.mark.parametrize("name", ["nowhere", "nowhere.gguf"])
def test_a_path_that_does_not_exist_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(RegistryError, match="does not exist"):
        inspect_model(tmp_path / name)


@pytest.mark.parametrize(
    ("card", "files", "licence"),
    [
        ("---\nlicense: mit\n---\n", {}, "MIT"),
        ("---\nlicense: other\nlicense_name: tongyi-qianwen\n---\n", {}, "tongyi-qianwen"),
        ("no front matter", {"LICENSE": "\n   Apache License\n   Version 2.0"}, "Apache-2.0"),
        ("", {"LICENSE.txt": "MIT License\n\nCopyright"}, "MIT"),
        ("", {"LICENSE": "The Toy Licence\nof 2026"}, "The Toy Licence"),
        ("", {}, ""),
    ],
)
def test_the_licence_comes_from_the_card_or_the_file(
    folder: Writer, card: str, files: dict[str, str], licence: str
) -> None:
    path = folder()
    (path / "README.md").write_text(card)
    for name, text in files.items():
        (path / name).write_text(text)
    assert inspect_model(path).licence == licence
