"""`POST /v1/chat/completions`: messages in, a chat completion or its chunks out."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from pleiade.engines.text_openvino.answers.call import Choice, Scored
from pleiade.engines.text_openvino.answers.detokenise import Detokeniser
from pleiade.engines.text_openvino.answers.logprobs import TokenNames
from pleiade.engines.text_openvino.answers.model import SMALL_BODY, TextModel
from pleiade.engines.text_openvino.answers.request_sampling import sampling_of
from pleiade.engines.text_openvino.answers.tools import (
    CLOSE,
    CallArguments,
    CallStart,
    Piece,
    ToolCallParser,
    ToolChoice,
    described,
    tool_choice_of,
)
from pleiade.engines.text_openvino.generation import Constraint, GenerationRequest
from pleiade.engines.wire.answer import CHAT
from pleiade.engines.wire.checks import asked_tokens, choices_of, fit, refuse_endless, stops_of
from pleiade.engines.wire.errors import invalid
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.messages import template_messages
from pleiade.engines.wire.requests import ChatRequest, number_in_range, parse
from pleiade.engines.wire.sse import StreamEncoder, encode_object, encode_text


async def answer_chat(model: TextModel, exchange: Exchange) -> None:
    """Serve one request. Raises ApiError for what cannot be served."""
    request = parse(exchange.body, ChatRequest)
    forced = request.tool_choice not in (None, "auto", "none") or isinstance(request.function_call, dict)
    slow = len(exchange.body) > SMALL_BODY or request.response_format is not None or forced
    generation, tools = await model.prepare(slow, _prepare, model, request)
    stops = stops_of(request)
    if tools.active and not tools.parallel and not tools.must_call:
        stops = (*stops, CLOSE)  # after the first call there is nothing more to say
    choices = [
        Choice(i, Detokeniser(model.tokenizer.token_bytes, strip_first_space=model.strips_first_space), stops)
        for i in range(generation.n)
    ]
    await model.answer(exchange, request, [generation], choices, _Chat(model, request, tools))


def _prepare(model: TextModel, request: ChatRequest) -> tuple[GenerationRequest, ToolChoice]:
    """Check and translate a request; slow for long prompts and schemas, so it may run in a thread."""
    messages = template_messages(request.messages)
    tools = tool_choice_of(request)
    name, asked = asked_tokens(request)
    count = choices_of(request)
    stops_of(request)
    number_in_range("top_logprobs", request.top_logprobs, 0, 20)
    if request.top_logprobs and not request.logprobs:
        raise invalid("'top_logprobs' is only allowed when 'logprobs' is true.", "top_logprobs")
    if request.modalities is not None and set(request.modalities) - {"text"}:
        raise invalid("This model writes text only: 'modalities' must be ['text'].", "modalities")
    sampling = sampling_of(request, vocabulary=model.engine.vocabulary_size, defaults=model.sampling_defaults)
    context = model.engine.context_length
    refuse_endless(context, sum(len(m["content"].encode()) for m in messages), model.tokenizer.longest_token, chat=True)
    prompt = model.template.encode(messages, tools=described(tools.functions), extra=request.chat_template_kwargs)
    budget = fit(context, len(prompt), asked, name, chat=True)
    constraint: Constraint | None = model.grammars.for_tools(tools)
    if constraint is None and request.response_format is not None:
        constraint = model.grammars.for_format(request.response_format)
    generation = GenerationRequest(
        id=f"chat-{uuid.uuid4().hex}",
        prompt=prompt,
        n=count,
        max_tokens=budget,
        sampling=sampling,
        stop_tokens=model.tokenizer.end_ids | frozenset(request.stop_token_ids or ()),
        ignore_stop_tokens=bool(request.ignore_eos),
        logprobs=(request.top_logprobs or 0) if request.logprobs else None,
        constraint=constraint,
        adapter=model.adapter_for(request.model),
        deadline=model.deadline(),
    )
    return generation, tools


class _Chat:
    """What an answer needs of its request, streamed or whole."""

    kind = CHAT

    def __init__(self, model: TextModel, request: ChatRequest, tools: ToolChoice) -> None:
        self.names: TokenNames = model.names
        self.top = (request.top_logprobs or 0) if request.logprobs else None
        self.tools = tools

    def parser(self) -> ToolCallParser | None:
        """A fresh parser where the answer may hold calls."""
        return ToolCallParser([f.name for f in self.tools.callable]) if self.tools.active else None

    def finish(self, reason: str, calls: int) -> str:
        """`finish_reason`: calls change it, except where one certain function was demanded."""
        if reason == "stop" and calls and not self.tools.named:
            return "function_call" if self.tools.legacy else "tool_calls"
        return reason

    def logprobs(self, scored: Sequence[Scored]) -> dict[str, Any] | None:
        """The `logprobs` of a choice or of a part of it."""
        if self.top is None:
            return None
        return {"content": [self.names.chat_entry(entry, self.top) for _, entry in scored], "refusal": None}

    def whole(self, choices: Sequence[Choice]) -> list[dict[str, Any]]:
        """The choices of a chat completion."""
        return [self._whole_choice(choice) for choice in choices]

    def stream(self, encoder: StreamEncoder) -> Callable[[Choice], bytes]:
        """Makes the chunks of a streamed one."""
        return _ChatStream(self, encoder).render

    def _whole_choice(self, choice: Choice) -> dict[str, Any]:
        text, scored = choice.flush()
        parser = self.parser()
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        calls = 0
        if parser is not None:
            content, functions = _gather([*parser.push(text), *parser.end()], self.tools)
            calls = len(functions)
            message["content"] = content or (None if calls else "")
            if calls and self.tools.legacy:
                message["function_call"] = functions[0]["function"]
            elif calls:
                message["tool_calls"] = functions
        return {
            "index": choice.index,
            "message": message,
            "logprobs": self.logprobs(scored),
            "finish_reason": self.finish(choice.finish or "stop", calls),
        }


def _gather(pieces: Sequence[Piece], tools: ToolChoice) -> tuple[str, list[dict[str, Any]]]:
    """Content and calls of a whole answer."""
    content: list[str] = []
    calls: list[dict[str, Any]] = []
    for piece in pieces:
        if isinstance(piece, CallStart):
            calls.append({"id": piece.id, "type": "function", "function": {"name": piece.name, "arguments": ""}})
        elif isinstance(piece, CallArguments):
            calls[piece.index]["function"]["arguments"] += piece.text
        else:
            content.append(piece)
    return "".join(content), calls if tools.parallel else calls[:1]


class _ChatStream:
    """Chunks of a streamed answer."""

    def __init__(self, chat: _Chat, encoder: StreamEncoder) -> None:
        self._encoder = encoder
        self._chat = chat
        self._parsers: dict[int, ToolCallParser | None] = {}  # by choice; present once its role has been sent

    def render(self, choice: Choice) -> bytes:
        """Everything new in a choice, as events."""
        text, scored = choice.flush()
        index = b"%d" % choice.index
        events: list[bytes] = []
        if choice.index not in self._parsers:
            self._parsers[choice.index] = self._chat.parser()
            events.append(self._delta(index, b'{"role":"assistant","content":"","refusal":null}', b"null"))
        parser = self._parsers[choice.index]
        logprobs = b"null"
        if self._chat.top is not None and scored:
            logprobs = encode_object(self._chat.logprobs(scored))
        calls = 0
        if parser is None:
            if text or scored:
                events.append(self._delta(index, b'{"content":%b}' % encode_text(text), logprobs))
        else:
            pieces = parser.push(text) if text else []
            if choice.finish is not None:
                pieces += parser.end()
            calls = parser.calls
            for piece in pieces:
                delta = self._piece(piece)
                if delta:
                    events.append(self._delta(index, delta, logprobs))
                    logprobs = b"null"  # with the first piece that they belong to
            if logprobs != b"null":
                events.append(self._delta(index, b'{"content":""}', logprobs))
        if choice.finish is not None:
            finish = self._chat.finish(choice.finish, calls).encode()
            events.append(
                self._encoder.chunk(b'{"index":%b,"delta":{},"logprobs":null,"finish_reason":"%b"}' % (index, finish))
            )
        return b"".join(events)

    def _delta(self, index: bytes, delta: bytes, logprobs: bytes) -> bytes:
        return self._encoder.chunk(
            b'{"index":%b,"delta":%b,"logprobs":%b,"finish_reason":null}' % (index, delta, logprobs)
        )

    def _piece(self, piece: Piece) -> bytes:
        """The delta of a piece of content or of a call; empty for a second call where one is allowed."""
        if isinstance(piece, str):
            return b'{"content":%b}' % encode_text(piece)
        tools = self._chat.tools
        if piece.index and not tools.parallel:
            return b""
        if isinstance(piece, CallStart):
            function: dict[str, Any] = {"name": piece.name, "arguments": ""}
            call = {"index": piece.index, "id": piece.id, "type": "function", "function": function}
        else:
            function = {"arguments": piece.text}
            call = {"index": piece.index, "function": function}
        if tools.legacy:
            return encode_object({"function_call": function})
        return encode_object({"tool_calls": [call]})
