"""A Hugging Face folder or a PEFT adapter folder, read as a Model."""

import json
from pathlib import Path
from typing import Any

from pleiade.domain import Model, ModelFormat, ModelKind
from pleiade.registry.card import read_licence
from pleiade.registry.diffusers_folder import INDEX, inspect_diffusers
from pleiade.registry.errors import RegistryError
from pleiade.registry.safetensors_header import count_parameters

# Encoders that sentence-embedding models are made of; a folder of one of these is an embedding model.
ENCODERS = ("BertModel", "RobertaModel", "XLMRobertaModel", "MPNetModel", "DistilBertModel", "NomicBertModel")

# Decoders with a head that reads numbers off the last token; with one number, a folder of these is a reward model.
SCORERS = tuple(f"{family}ForSequenceClassification" for family in ("Qwen3", "Qwen2", "Llama", "Mistral"))

MODERATION = "PleiadeModeration"  # what our lab exports: a table of n-grams, without a tokenizer
PICTURES = "PleiadePix"  # what our lab exports: a folder of ONNX graphs


def inspect_folder(folder: Path) -> Model:
    """The model in a folder with config.json, tokenizer.json and *.safetensors, or of diffusers, without loading it.

    Raises RegistryError that says which part is missing, damaged or unknown, and what to do.
    """
    if (folder / "adapter_config.json").is_file():
        return _adapter(folder)
    if (folder / INDEX).is_file():
        return inspect_diffusers(folder)
    config = _read_json(folder / "config.json", folder)
    architecture = (config.get("architectures") or [""])[0]
    if architecture == PICTURES:
        return _picture_model(folder, config)
    kind = _kind(folder, architecture, config)
    files = weight_files(folder)
    if kind is not ModelKind.MODERATION:
        _require_tokenizer(folder)
    parameters = count_parameters(files)
    return Model(
        id=folder.name,
        kind=kind,
        format=ModelFormat.SAFETENSORS,
        path=str(folder),
        architecture=architecture,
        parameters=parameters,
        context_length=_context_length(folder, config),
        embedding_length=_embedding_length(folder, config) if kind is ModelKind.EMBEDDING else 0,
        licence=read_licence(folder),
        source=str(folder),
    )


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model, by its index where it has one. Raises RegistryError."""
    index_path = folder / "model.safetensors.index.json"
    if index_path.is_file():
        weight_map = _read_json(index_path, folder).get("weight_map") or {}
        files = [folder / name for name in sorted(set(weight_map.values()))]
        missing = [file.name for file in files if not file.is_file()]
        if missing or not files:
            raise RegistryError(
                f"{folder} lacks {', '.join(missing) or 'its weights'}, which {index_path.name} lists: "
                "download the folder again"
            )
        return files
    files = sorted(folder.glob("*.safetensors"))
    if files:
        return files
    if any(folder.glob("*.bin")) or any(folder.glob("*.pt")):
        raise RegistryError(
            f"{folder} has its weights only as pickled PyTorch files, which Pleiade does not open: they can "
            "run code. Save them as safetensors: model.save_pretrained(folder, safe_serialization=True)"
        )
    ggufs = sorted(folder.glob("*.gguf"))
    if ggufs:
        raise RegistryError(f"{folder} is not a model folder, but holds GGUF files: add one, say {ggufs[0]}")
    raise RegistryError(f"{folder} has no weights: it needs model.safetensors")


def graph_files(folder: Path) -> list[Path]:
    """The ONNX graphs of a picture model that its config.json names, sorted by name. Raises RegistryError."""
    named = _read_json(folder / "config.json", folder).get("files")
    if not isinstance(named, dict) or not {"text", "picture"} <= named.keys():
        raise RegistryError(f'{folder / "config.json"} names no graphs ("files"): export the model again')
    names = sorted(str(name) for name in named.values() if name)
    missing = [name for name in names if Path(name).name != name or not (folder / name).is_file()]
    if missing:
        raise RegistryError(f"{folder} lacks {', '.join(missing)}, which config.json names: copy the folder again")
    return [folder / name for name in names]


def _picture_model(folder: Path, config: dict[str, Any]) -> Model:
    graph_files(folder)
    _require_tokenizer(folder)
    return Model(
        id=folder.name,
        kind=ModelKind.IMAGE,
        format=ModelFormat.ONNX,
        path=str(folder),
        architecture=PICTURES,
        parameters=int(config.get("parameters") or 0),
        context_length=int(config.get("max_text") or 0),
        licence=read_licence(folder),
        source=str(folder),
    )


def _adapter(folder: Path) -> Model:
    config = _read_json(folder / "adapter_config.json", folder)
    if config.get("peft_type") != "LORA":
        raise RegistryError(
            f"{folder} is a {config.get('peft_type') or 'nameless'} adapter; Pleiade serves LoRA adapters"
        )
    weights = folder / "adapter_model.safetensors"
    if not weights.is_file():
        raise RegistryError(f"{folder} lacks adapter_model.safetensors: save the adapter with PEFT's save_pretrained")
    return Model(
        id=folder.name,
        kind=ModelKind.TEXT,
        format=ModelFormat.ADAPTER,
        path=str(folder),
        architecture="LoRA",
        parameters=count_parameters([weights]),
        licence=read_licence(folder),
        base=str(config.get("base_model_name_or_path") or ""),
        source=str(folder),
    )


def _kind(folder: Path, architecture: str, config: dict[str, Any]) -> ModelKind:
    if architecture.endswith(("ForCausalLM", "LMHeadModel")):
        return ModelKind.TEXT
    if architecture in ENCODERS:
        return ModelKind.EMBEDDING
    if architecture in SCORERS:
        labels = len(config["id2label"]) if "id2label" in config else config.get("num_labels", 2)
        if labels != 1:
            raise RegistryError(
                f"{folder} is a classifier with {labels} labels; a reward model has one. "
                'If it has, say so in config.json: "num_labels": 1'
            )
        return ModelKind.REWARD
    if architecture == MODERATION:
        return ModelKind.MODERATION
    if not architecture:
        raise RegistryError(
            f'{folder / "config.json"} names no architecture: add a field like "architectures": ["Qwen3ForCausalLM"]'
        )
    raise RegistryError(
        f"{folder} is a {architecture}, which Pleiade cannot serve: it takes text models (…ForCausalLM, "
        f"GPT2LMHeadModel), sentence encoders ({', '.join(ENCODERS)}), reward models ({', '.join(SCORERS)}), "
        f"picture models ({PICTURES}) and moderation models ({MODERATION})"
    )


def _require_tokenizer(folder: Path) -> None:
    if (folder / "tokenizer.json").is_file():
        return
    if any((folder / name).is_file() for name in ("tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")):
        raise RegistryError(
            f"{folder} has its tokenizer only in an older form. Make tokenizer.json with transformers: "
            f"AutoTokenizer.from_pretrained({str(folder)!r}).save_pretrained({str(folder)!r})"
        )
    raise RegistryError(
        f"{folder} has no tokenizer: it needs tokenizer.json beside config.json. "
        "Copy it from where the model came from."
    )


def _context_length(folder: Path, config: dict[str, Any]) -> int:
    sentence = folder / "sentence_bert_config.json"
    if sentence.is_file():
        limit = _read_json(sentence, folder).get("max_seq_length")
        if isinstance(limit, int) and limit > 0:
            return limit
    for field in ("max_position_embeddings", "n_positions", "n_ctx"):
        if isinstance(config.get(field), int):
            return int(config[field])
    return 0


def _embedding_length(folder: Path, config: dict[str, Any]) -> int:
    pooling = folder / "1_Pooling" / "config.json"
    if pooling.is_file():
        return int(_read_json(pooling, folder).get("word_embedding_dimension") or 0)
    return int(config.get("hidden_size") or 0)


def _read_json(path: Path, folder: Path) -> dict[str, Any]:
    if not path.is_file():
        raise RegistryError(
            f"{folder} is not a model folder: it has no {path.name}. "
            "Give a Hugging Face folder, a PEFT adapter folder, a .gguf file or hf:org/name."
        )
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RegistryError(f"{path} cannot be read: {error}. Download or export it again.") from error
    if not isinstance(value, dict):
        raise RegistryError(f"{path} must hold a JSON object. Download or export it again.")
    return value
