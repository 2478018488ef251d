"""What clients may ask for, as typed structs. Unknown fields are ignored; a wrong type is an error naming it.

Field lists: wire-contract §11.2, §12.1, §12.2; `top_k`, `min_p`, `repetition_penalty`, `stop_token_ids`,
`ignore_eos` and `chat_template_kwargs` are vLLM's extensions, which many clients send.
"""

import re
from typing import Any, TypeVar

import msgspec

from pleiade.engines.wire.errors import ApiError, invalid

Json = dict[str, Any]
Prompt = str | list[str | int | list[int]]


class StreamOptions(msgspec.Struct, frozen=True):
    """What a stream says of its token counts."""

    include_usage: bool | None = None
    continuous_usage_stats: bool | None = None


class FunctionDefinition(msgspec.Struct, frozen=True):
    """A function that the model may call."""

    name: str
    description: str | None = None
    parameters: Json | None = None
    strict: bool | None = None


class Tool(msgspec.Struct, frozen=True):
    """A tool; `function` is the only type that text models call here."""

    type: str = "function"
    function: FunctionDefinition | None = None


class JsonSchema(msgspec.Struct, frozen=True):
    """The schema of a structured answer."""

    name: str = ""
    schema: Json | None = None
    strict: bool | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    """`text`, `json_object` or `json_schema`."""

    type: str
    json_schema: JsonSchema | None = None


class Message(msgspec.Struct, frozen=True):
    """One message of a chat. Parts are checked later, where their index can be named."""

    role: str
    content: str | list[Json] | None = None
    name: str | None = None
    tool_calls: list[Json] | None = None
    tool_call_id: str | None = None
    function_call: Json | None = None


class GenerationFields(msgspec.Struct, frozen=True, kw_only=True):
    """What chat and text completions share."""

    model: str = ""
    n: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    stop_token_ids: list[int] | None = None
    ignore_eos: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    response_format: ResponseFormat | None = None


class ChatRequest(GenerationFields, frozen=True, kw_only=True):
    """`POST /chat/completions`."""

    messages: list[Message]
    max_completion_tokens: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    tools: list[Tool] | None = None
    tool_choice: str | Json | None = None
    parallel_tool_calls: bool | None = None
    functions: list[FunctionDefinition] | None = None
    function_call: str | Json | None = None
    modalities: list[str] | None = None
    chat_template_kwargs: Json | None = None


class CompletionRequest(GenerationFields, frozen=True, kw_only=True):
    """`POST /completions`, as of January 2023 and since."""

    prompt: Prompt | None = None
    suffix: str | None = None
    logprobs: int | None = None
    echo: bool | None = None
    best_of: int | None = None


class EmbeddingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /embeddings`."""

    input: Prompt
    model: str = ""
    encoding_format: str | None = None
    dimensions: int | None = None


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation whose last message is the answer to score, or one that waits for it and several `candidates`."""

    messages: list[Message]
    candidates: list[str] | None = None


class RewardRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /rewards`."""

    input: Judged | list[Judged]
    model: str = ""


Request = TypeVar("Request", bound=msgspec.Struct)

_AT = re.compile(r" - at `(?P<path>.*)`$")
_EXPECTED = re.compile(r"Expected `(?P<expected>.+)`, got `(?P<got>\w+)`")
_MISSING = re.compile(r"Object missing required field `(?P<field>\w+)`")
_WORDS = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def parse(body: bytes, kind: type[Request]) -> Request:
    """Decode a JSON body. Raises ApiError 400 for malformed JSON, invalid UTF-8 and a field of a wrong type."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise explain(error) from None
    except msgspec.DecodeError as error:
        raise invalid(
            f"We could not parse the JSON body of your request. The API expects a JSON object. ({error})",
            None,
            "invalid_json",
        ) from None
    except UnicodeDecodeError:
        raise invalid("The body of your request is not valid UTF-8.", None, "invalid_encoding") from None


def explain(error: msgspec.ValidationError) -> ApiError:
    """OpenAI's wording for one of msgspec's: "Expected `int | null`, got `str` - at `$.n`"."""
    problem = str(error)
    at = _AT.search(problem)
    path = at["path"].removeprefix("$").removeprefix(".") if at else ""
    path = path.replace("[...]", "")
    missing = _MISSING.search(problem)
    if missing:
        field = f"{path}.{missing['field']}" if path else missing["field"]
        return invalid(f"Missing required parameter: '{field}'.", field, "missing_required_parameter")
    wrong = _EXPECTED.search(problem)
    if wrong is None:
        return invalid(f"Invalid value for '{path}': {problem.split(' - at ')[0].lower()}.", path or None)
    expected = [_WORDS.get(word.strip(), word) for word in wrong["expected"].split("|") if word.strip() != "null"]
    got = _WORDS.get(wrong["got"], wrong["got"])
    if not path:
        return invalid("The body of your request must be a JSON object.", None, "invalid_type")
    message = f"Invalid type for '{path}': expected {' or '.join(expected)}, but got {got} instead."
    return invalid(message, path, "invalid_type")


def number_in_range(name: str, value: float | None, low: float, high: float | None) -> None:
    """Raise ApiError 400 in OpenAI's words where `value` is outside [low, high]; None passes."""
    if value is None:
        return
    word = "integer" if isinstance(value, int) else "decimal"
    message = f"Invalid '{name}': {word} {{}} value. Expected a value {{}}, but got {value} instead."
    if value < low:
        raise invalid(message.format("below minimum", f">= {low:g}"), name, f"{word}_below_min_value")
    if high is not None and value > high:
        raise invalid(message.format("above maximum", f"<= {high:g}"), name, f"{word}_above_max_value")
