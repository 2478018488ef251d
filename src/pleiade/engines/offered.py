"""Which engines can serve a model, and what administrators may choose for them over HTTP. Names, no process.

Options that name programs, addresses or credentials (`command`, `arguments`, `python`, `url`, `key`, …) are not here:
who may deploy over HTTP may not run programs of their own. Those are set with `pleiade deploy`, and are kept.
"""

from typing import Literal

import msgspec

from pleiade.domain import Model, ModelFormat, ModelKind

Value = str | int | float | bool
_TEXT, _VECTORS = ModelKind.TEXT, ModelKind.EMBEDDING
_FOLDER, _GGUF, _ONNX = ModelFormat.SAFETENSORS, ModelFormat.GGUF, ModelFormat.ONNX


class Option(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One option of an engine (docs/engines.md)."""

    name: str
    kind: Literal["whole", "number", "choice", "flag"]
    default: Value | None = None  # None = by the machine or the model
    choices: tuple[str, ...] = ()
    least: float = 1
    most: float | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An engine that can be chosen."""

    engine: str
    kinds: tuple[ModelKind, ...]
    formats: tuple[ModelFormat, ...]
    options: tuple[Option, ...]
    concurrency: str = ""  # the option that says how many it answers at a time


_THREADS = Option(name="threads", kind="whole", most=1024)
# In the order in which one is chosen for a model.
OFFERS = (
    Offer(
        engine="text_openvino",
        kinds=(_TEXT,),
        formats=(_FOLDER, _GGUF),
        concurrency="max_batch",
        options=(
            Option(name="weights", kind="choice", default="int8", choices=("int8", "int4", "bf16")),
            Option(name="max_batch", kind="whole", default=32, most=1024),
            Option(name="kv_cache_mb", kind="whole", most=1 << 20),
            _THREADS,
            Option(name="speculation", kind="choice", default="ngram", choices=("ngram", "off")),
            Option(name="step_tokens", kind="whole", default=512, most=1 << 16),
            Option(name="answer_limit_s", kind="number", default=600, most=86400),
        ),
    ),
    Offer(
        engine="text_llamacpp",
        kinds=(_TEXT, _VECTORS),
        formats=(_GGUF,),
        concurrency="slots",
        options=(
            Option(name="context", kind="whole", default=4096, most=1 << 22),
            Option(name="slots", kind="whole", default=4, most=256),
            _THREADS,
            Option(name="gpu_layers", kind="whole", default=0, least=0, most=1000),
        ),
    ),
    Offer(engine="embed_openvino", kinds=(_VECTORS,), formats=(_FOLDER,), options=(_THREADS,)),
    Offer(
        engine="reward_openvino",
        kinds=(ModelKind.REWARD,),
        formats=(_FOLDER,),
        options=(Option(name="weights", kind="choice", default="bf16", choices=("bf16", "f32", "int8")), _THREADS),
    ),
    Offer(engine="moderation", kinds=(ModelKind.MODERATION,), formats=(_FOLDER,), options=()),
    Offer(
        engine="image_openvino",
        kinds=(ModelKind.IMAGE,),
        formats=(_ONNX,),
        concurrency="max_batch",
        options=(
            Option(name="precision", kind="choice", default="bf16", choices=("bf16", "f32")),
            Option(name="max_batch", kind="choice", default="4", choices=("1", "2", "4", "8")),
            _THREADS,
        ),
    ),
    Offer(
        engine="image_diffusers",
        kinds=(ModelKind.IMAGE,),
        formats=(_FOLDER,),
        concurrency="max_batch",
        options=(
            Option(name="device", kind="choice", choices=("cuda", "mps", "cpu")),
            Option(name="dtype", kind="choice", choices=("bf16", "f16", "f32")),
            Option(name="offload", kind="flag", default=False),
            Option(name="steps", kind="whole", most=1000),
            Option(name="guidance", kind="number", least=0, most=100),
            Option(name="strength", kind="number", default=0.6, least=0.01, most=1),
            Option(name="max_batch", kind="whole", default=4, most=64),
            _THREADS,
            Option(name="ready_timeout_s", kind="number", default=900, most=86400),
        ),
    ),
    Offer(
        engine="vllm",
        kinds=(_TEXT, _VECTORS),
        formats=(_FOLDER,),
        concurrency="max_num_seqs",
        options=(
            Option(name="dtype", kind="choice", choices=("auto", "bfloat16", "float16", "float32")),
            Option(name="max_model_len", kind="whole", most=1 << 22),
            Option(name="max_num_seqs", kind="whole", most=4096),
            Option(name="gpu_memory_utilization", kind="number", least=0.05, most=1),
            Option(name="tensor_parallel_size", kind="whole", default=1, most=64),
            Option(name="ready_timeout_s", kind="number", default=900, most=86400),
        ),
    ),
)


def offers_for(model: Model) -> tuple[Offer, ...]:
    """The engines that serve models of this kind and form; the first is the one chosen by default."""
    return tuple(offer for offer in OFFERS if model.kind in offer.kinds and model.format in offer.formats)


class OptionError(ValueError):
    """An option cannot be set so; `option` names it."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


def checked(offer: Offer, given: dict[str, object]) -> dict[str, Value]:
    """`given`, each value of its option's type and within its bounds; those that are None are left to the engine.

    Raises OptionError.
    """
    known = {option.name: option for option in offer.options}
    values: dict[str, Value] = {}
    for name, value in given.items():
        option = known.get(name)
        if option is None:
            raise OptionError(
                name,
                f"{name[:40]!r} cannot be set here: {offer.engine} takes {', '.join(known)} (others: pleiade deploy)",
            )
        if value is not None and value != "":
            values[name] = _checked(option, value)
    return values


def _checked(option: Option, value: object) -> Value:
    if option.kind == "flag":
        if not isinstance(value, bool):
            raise OptionError(option.name, f"{option.name} is true or false")
        return value
    if option.kind == "choice":
        if str(value) not in option.choices:
            raise OptionError(option.name, f"{option.name} is one of {', '.join(option.choices)}")
        return int(str(value)) if str(value).isdigit() else str(value)
    right = isinstance(value, int) if option.kind == "whole" else isinstance(value, int | float)
    if not right or isinstance(value, bool):
        raise OptionError(option.name, f"{option.name} is a {'whole ' if option.kind == 'whole' else ''}number")
    assert isinstance(value, int | float)
    if value < option.least or (option.most is not None and value > option.most):
        raise OptionError(option.name, f"{option.name} is at least {option.least:g}, at most {option.most or 0:g}")
    return value
