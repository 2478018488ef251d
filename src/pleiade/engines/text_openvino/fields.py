"""The fields that chat and text completions share, checked and turned into the engine's words."""

from collections.abc import Mapping
from typing import Any

from pleiade.engines.text_openvino.generation import Sampling
from pleiade.engines.wire.errors import context_overflow, invalid
from pleiade.engines.wire.requests import GenerationFields, number_in_range

MAX_CHOICES = 128
MAX_STOPS = 4


def sampling_of(request: GenerationFields, *, vocabulary: int, defaults: Mapping[str, Any]) -> Sampling:
    """How tokens are picked. `defaults` is the model's generation_config.json, for what the client left open.

    Raises ApiError 400 for a value out of its range.
    """
    number_in_range("temperature", request.temperature, 0, 2)
    number_in_range("top_p", request.top_p, 0, 1)
    number_in_range("min_p", request.min_p, 0, 1)
    number_in_range("top_k", request.top_k, -1, None)
    number_in_range("presence_penalty", request.presence_penalty, -2, 2)
    number_in_range("frequency_penalty", request.frequency_penalty, -2, 2)
    number_in_range("repetition_penalty", request.repetition_penalty, 0.01, 10)

    def chosen(name: str, neutral: float) -> float:
        asked = getattr(request, name)
        value = defaults.get(name) if asked is None else asked
        return float(value) if isinstance(value, int | float) else neutral

    greedy = request.temperature is None and defaults.get("do_sample") is False
    return Sampling(
        temperature=0.0 if greedy else chosen("temperature", 1.0),
        top_p=chosen("top_p", 1.0),
        top_k=max(0, int(chosen("top_k", 0))),
        min_p=chosen("min_p", 0.0),
        seed=None if request.seed is None else request.seed % 2**63,  # clients send negative seeds too
        presence_penalty=request.presence_penalty or 0.0,
        frequency_penalty=request.frequency_penalty or 0.0,
        repetition_penalty=chosen("repetition_penalty", 1.0),
        logit_bias=_logit_bias(request.logit_bias, vocabulary),
    )


def _logit_bias(given: Mapping[str, float] | None, vocabulary: int) -> dict[int, float]:
    """Token ids as clients write them, as string keys. A bias of 0 changes nothing, so its key is not looked at."""
    biases: dict[int, float] = {}
    for key, value in (given or {}).items():
        number_in_range(f"logit_bias.{key}", value, -100, 100)
        if value == 0:
            continue
        if not (key.isascii() and key.isdigit()) or int(key) >= vocabulary:
            raise invalid(
                f"Invalid key in 'logit_bias': '{key}'. Keys must be token ids of this model, from 0 to "
                f"{vocabulary - 1}.",
                "logit_bias",
            )
        biases[int(key)] = value
    return biases


def stops_of(request: GenerationFields) -> tuple[str, ...]:
    """The stop strings, at most four. Raises ApiError 400 for more, or for an empty one."""
    given = request.stop
    stops = (given,) if isinstance(given, str) else tuple(given or ())
    if len(stops) > MAX_STOPS:
        raise invalid(
            f"Invalid 'stop': array too long. Expected an array with maximum length {MAX_STOPS}, but got an array "
            f"with length {len(stops)} instead.",
            "stop",
            "array_above_max_length",
        )
    if "" in stops:
        raise invalid("Invalid 'stop': empty strings cannot stop a text.", "stop")
    return stops


def choices_of(request: GenerationFields) -> int:
    """`n`, from 1 to 128."""
    number_in_range("n", request.n, 1, MAX_CHOICES)
    return 1 if request.n is None else request.n


def fit(context: int, prompt: int, asked: int | None, name: str, *, chat: bool) -> int:
    """Tokens that the answer may have: `asked`, or what is left of the context where nothing was asked.

    Raises ApiError 400 `context_length_exceeded` where prompt and answer do not fit, in tokens.
    """
    number_in_range(name, asked, 0, None)
    if asked is not None and asked > context:
        raise invalid(
            f"{name} is too large: {asked}. This model supports at most {context} completion tokens, whereas you "
            f"provided {asked}.",
            name,
        )
    if prompt + (asked or 0) > context or (asked is None and prompt >= context):
        raise context_overflow(context, prompt, asked or 0, chat=chat)
    return context - prompt if asked is None else asked


def refuse_endless(context: int, text_bytes: int, longest_token: int, *, chat: bool) -> None:
    """Raise ApiError 400 for a text that cannot fit, whatever its tokens are, before time is spent on finding them."""
    fewest = text_bytes // longest_token
    if fewest > context:
        raise context_overflow(context, fewest, 0, chat=chat)
