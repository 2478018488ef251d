"""A model: weights on disk (or behind a URL), with what a person must know before using them."""

from enum import StrEnum

import msgspec


class ModelKind(StrEnum):
    """What a model makes of its input."""

    TEXT = "text"
    EMBEDDING = "embedding"
    IMAGE = "image"
    REWARD = "reward"  # one number: how good the last answer of a conversation is
    MODERATION = "moderation"  # a number for each harm that a text may do


class ModelFormat(StrEnum):
    """How the weights are stored."""

    SAFETENSORS = "safetensors"  # a Hugging Face folder: config.json, tokenizer.json, *.safetensors
    GGUF = "gguf"  # one file, llama.cpp's format
    ONNX = "onnx"  # a folder that our lab exports: config.json, tokenizer.json, *.onnx
    ADAPTER = "adapter"  # a PEFT LoRA folder: adapter_config.json, adapter_model.safetensors
    REMOTE = "remote"  # no weights here: a URL serves it


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A registered model. `id` is what answers carry in their `model` field."""

    id: str
    kind: ModelKind
    format: ModelFormat
    path: str = ""  # absolute folder or file; empty for remote models
    architecture: str = ""  # Hugging Face name, e.g. "Qwen3ForCausalLM"
    parameters: int = 0  # number of weights
    context_length: int = 0  # tokens, prompt and answer together; of picture models those of a prompt
    embedding_length: int = 0  # numbers per vector, for embedding models
    licence: str = ""  # SPDX identifier or the licence's name
    base: str = ""  # adapters: id of the model that they adapt
    source: str = ""  # where it came from: "bundled", "hf:org/name@revision", a path, a URL
    sha256: str = ""  # of the weights file (or of the listing of several)
    bundled: bool = False
    created: int = 0  # Unix seconds
