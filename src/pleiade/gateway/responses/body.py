"""The body of a request to the Responses API: checked where we act on a field, open where we don't."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from pleiade.gateway.errors import bad_request
from pleiade.gateway.problems import json_type, missing, wrong_value
from pleiade.gateway.stored.metadata import check_metadata
from pleiade.gateway.typed import typed

INCLUDABLE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)


class ResponseBody(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of `POST /responses` (and of its relatives `input_tokens` and `compact`) that we act on."""

    model: str | None = None
    input: str | list[Any] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    conversation: str | dict[str, Any] | None = None
    prompt: dict[str, Any] | None = None
    background: bool | None = None
    include: list[str] | None = None
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_tool_calls: Annotated[int, Meta(ge=0)] | None = None
    metadata: dict[str, Any] | None = None
    moderation: dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt_cache_retention: str | None = None
    reasoning: dict[str, Any] | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    text: dict[str, Any] | None = None
    tool_choice: str | dict[str, Any] | None = None
    tools: list[Any] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    truncation: str | None = None
    user: str | None = None

    @property
    def stored(self) -> bool:
        """Whether the response is kept: yes unless `store` is false."""
        return self.store is not False

    @property
    def wants_logprobs(self) -> bool:
        """Whether log-probabilities of the output were asked for."""
        return "message.output_text.logprobs" in (self.include or ())


# Fields that mean something to the Responses API and nothing to chat; every other unknown field is passed on.
_KNOWN = frozenset(ResponseBody.__struct_fields__) | {
    "access_programs",
    "background_options",
    "context_management",
    "image",
    "personality",
}


def parse_body(raw: object) -> tuple[ResponseBody, dict[str, Any]]:
    """The checked body, and the fields unknown to the Responses API (they go to the engine untouched).

    `raw` is the decoded JSON of the request. Raises ApiError with the offending field in `param`.
    """
    if not isinstance(raw, dict):
        raise bad_request(f"The body must be a JSON object, but it is {json_type(raw)}.")
    body = typed(raw, ResponseBody)
    _check(body)
    return body, {name: value for name, value in raw.items() if name not in _KNOWN}


def require_model(body: ResponseBody) -> str:
    """The model asked for. Raises ApiError where there is none."""
    if not body.model:
        raise missing("model")
    return body.model


def _check(body: ResponseBody) -> None:
    """Rules that types cannot express."""
    check_metadata(body.metadata)
    if body.prompt is not None:
        raise bad_request(
            "Prompt templates are not kept on this server: send their text as 'instructions' and 'input'.",
            param="prompt",
            code="unsupported_parameter",
        )
    if body.conversation is not None and body.previous_response_id is not None:
        raise bad_request(
            "Mutually exclusive parameters: 'conversation' and 'previous_response_id'. Send one of them.",
            param="previous_response_id",
            code="mutually_exclusive_parameters",
        )
    if body.conversation is not None:
        raise bad_request(
            "Conversations are not kept on this server: chain responses with 'previous_response_id'.",
            param="conversation",
            code="unsupported_parameter",
        )
    if body.background and body.store is False:
        raise bad_request(
            "A background response must be stored, since it is fetched later: leave 'store' out or true.",
            param="background",
            code="invalid_value",
        )
    for index, name in enumerate(body.include or ()):
        if name not in INCLUDABLE:
            raise wrong_value(f"include[{index}]", name, INCLUDABLE)
    if body.truncation not in (None, "auto", "disabled"):
        raise wrong_value("truncation", body.truncation, ("auto", "disabled"))
    if body.safety_identifier is not None and len(body.safety_identifier) > 64:
        raise bad_request(
            "Invalid 'safety_identifier': string too long. Expected at most 64 characters.",
            param="safety_identifier",
            code="string_above_max_length",
        )
