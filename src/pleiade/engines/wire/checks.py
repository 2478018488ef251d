"""The fields that chat and text completions share, checked: ranges, stop strings, lengths."""

from collections.abc import Mapping

from pleiade.engines.wire.errors import context_overflow, invalid
from pleiade.engines.wire.requests import ChatRequest, GenerationFields, number_in_range

MAX_CHOICES = 128
MAX_STOPS = 4


def check_sampling(request: GenerationFields) -> None:
    """Raise ApiError 400 for a sampling value out of its range."""
    number_in_range("temperature", request.temperature, 0, 2)
    number_in_range("top_p", request.top_p, 0, 1)
    number_in_range("min_p", request.min_p, 0, 1)
    number_in_range("top_k", request.top_k, -1, None)
    number_in_range("presence_penalty", request.presence_penalty, -2, 2)
    number_in_range("frequency_penalty", request.frequency_penalty, -2, 2)
    number_in_range("repetition_penalty", request.repetition_penalty, 0.01, 10)


def logit_bias_of(given: Mapping[str, float] | None, vocabulary: int) -> dict[int, float]:
    """Biases by token id, which clients write as string keys; 0 changes nothing, so its key is not looked at.

    Raises ApiError 400 for what is no id below `vocabulary`, or a bias beyond ±100.
    """
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
            f"Invalid 'stop': array too long. Expected an array with maximum length {MAX_STOPS}, but got an "
            f"array with length {len(stops)} instead.",
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


def asked_tokens(request: ChatRequest) -> tuple[str, int | None]:
    """The limit of a chat answer in tokens, and the name of the field that says it."""
    if request.max_completion_tokens is None:
        return "max_tokens", request.max_tokens
    return "max_completion_tokens", request.max_completion_tokens


def check_limit(context: int, asked: int | None, name: str) -> None:
    """Raise ApiError 400 for a limit below 0 or above all that the model can hold, in tokens."""
    number_in_range(name, asked, 0, None)
    if asked is not None and asked > context:
        raise invalid(
            f"{name} is too large: {asked}. This model supports at most {context} completion tokens, whereas "
            f"you provided {asked}.",
            name,
        )


def fit(context: int, prompt: int, asked: int | None, name: str, *, chat: bool) -> int:
    """Tokens that the answer may have: `asked`, or what is left of the context where nothing was asked.

    Raises ApiError 400 `context_length_exceeded` where prompt and answer do not fit, in tokens.
    """
    check_limit(context, asked, name)
    if prompt + (asked or 0) > context or (asked is None and prompt >= context):
        raise context_overflow(context, prompt, asked or 0, chat=chat)
    return context - prompt if asked is None else asked


def refuse_endless(context: int, text_bytes: int, longest_token: int, *, chat: bool) -> None:
    """Raise ApiError 400 for a text that cannot fit whatever its tokens are, before looking for them."""
    fewest = text_bytes // longest_token
    if fewest > context:
        raise context_overflow(context, fewest, 0, chat=chat)
