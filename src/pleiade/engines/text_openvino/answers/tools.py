"""Tool calls in the model's text, `<tool_call>{"name": …, "arguments": {…}}</tool_call>`, as they stream."""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pleiade.engines.text_openvino.answers.stopping import overlap
from pleiade.engines.wire.errors import invalid
from pleiade.engines.wire.requests import ChatRequest, FunctionDefinition

OPEN = "<tool_call>"
CLOSE = "</tool_call>"

_HEAD = re.compile(r'\s*\{\s*"name"\s*:\s*"(?P<name>(?:[^"\\]|\\.)*)"\s*,\s*"(?:arguments|parameters)"\s*:\s*')


class ToolChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which functions a model may or must call, whichever way the client said it."""

    functions: tuple[FunctionDefinition, ...] = ()  # shown to the model
    callable: tuple[FunctionDefinition, ...] = ()  # those that may be called
    must_call: bool = False
    named: bool = False  # one certain function: then `finish_reason` stays "stop", as OpenAI has it
    parallel: bool = True
    legacy: bool = False  # `functions` and `function_call` of 2023

    @property
    def active(self) -> bool:
        """True where the answer's text may hold calls."""
        return bool(self.callable)


def tool_choice_of(request: ChatRequest) -> ToolChoice:
    """Read `tools`, `tool_choice`, `parallel_tool_calls`, or `functions` and `function_call`.

    Raises ApiError 400, naming the field, for what does not fit together.
    """
    if request.tools:
        functions = []
        for place, tool in enumerate(request.tools):
            if tool.type != "function" or tool.function is None:
                raise invalid(
                    f"Invalid 'tools[{place}]': this model calls tools of type 'function' only, with a 'function'.",
                    f"tools[{place}]",
                )
            functions.append(tool.function)
        _check_names(functions, "tools[{}].function.name")
        return _chosen(request, tuple(functions))
    if request.functions:
        _check_names(request.functions, "functions[{}].name")
        return _chosen_legacy(request, tuple(request.functions))
    if request.tool_choice not in (None, "none", "auto"):
        raise invalid("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
    return ToolChoice()


def _chosen(request: ChatRequest, functions: tuple[FunctionDefinition, ...]) -> ToolChoice:
    choice = request.tool_choice
    parallel = request.parallel_tool_calls is not False
    if choice is None or choice == "auto":
        return ToolChoice(functions=functions, callable=functions, parallel=parallel)
    if choice == "none":
        return ToolChoice()  # not shown either: what may not be called must not tempt
    if choice == "required":
        return ToolChoice(functions=functions, callable=functions, must_call=True, parallel=parallel)
    if isinstance(choice, Mapping):
        if choice.get("type") == "function":
            name = _name_of(choice)
            one = _find(functions, name, "tool_choice")
            return ToolChoice(functions=functions, callable=(one,), must_call=True, named=True, parallel=False)
        if choice.get("type") == "allowed_tools":
            allowed = choice.get("allowed_tools", choice)
            tools = allowed.get("tools") if isinstance(allowed, Mapping) else None
            if not isinstance(tools, Sequence) or not tools or not all(isinstance(t, Mapping) for t in tools):
                raise invalid("Invalid 'tool_choice': 'allowed_tools' needs 'mode' and 'tools'.", "tool_choice")
            may = tuple(_find(functions, _name_of(tool), "tool_choice") for tool in tools)
            must = allowed.get("mode") == "required"
            return ToolChoice(functions=may, callable=may, must_call=must, parallel=parallel)
    raise invalid(
        "Invalid 'tool_choice': expected 'none', 'auto', 'required', a function or 'allowed_tools'.",
        "tool_choice",
    )


def _chosen_legacy(request: ChatRequest, functions: tuple[FunctionDefinition, ...]) -> ToolChoice:
    choice = request.function_call
    if choice is None or choice == "auto":
        return ToolChoice(functions=functions, callable=functions, parallel=False, legacy=True)
    if choice == "none":
        return ToolChoice()
    if isinstance(choice, Mapping) and isinstance(choice.get("name"), str):
        one = _find(functions, choice["name"], "function_call")
        return ToolChoice(functions=functions, callable=(one,), must_call=True, named=True, parallel=False, legacy=True)
    raise invalid("Invalid 'function_call': expected 'none', 'auto' or {\"name\": …}.", "function_call")


def _name_of(choice: Mapping[str, Any]) -> str:
    function = choice.get("function")
    name = function.get("name") if isinstance(function, Mapping) else choice.get("name")
    if not isinstance(name, str):
        raise invalid("Missing required parameter: 'tool_choice.function.name'.", "tool_choice.function.name")
    return name


def _find(functions: Sequence[FunctionDefinition], name: str, param: str) -> FunctionDefinition:
    for function in functions:
        if function.name == name:
            return function
    raise invalid(f"Invalid value for '{param}': no function named '{name}' was specified.", param)


def _check_names(functions: Sequence[FunctionDefinition], param: str) -> None:
    for place, function in enumerate(functions):
        if not re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", function.name):
            field = param.format(place)
            raise invalid(
                f"Invalid '{field}': string does not match pattern. Expected a string that matches the pattern "
                "'^[a-zA-Z0-9_-]+$', at most 64 long.",
                field,
            )


def described(functions: Sequence[FunctionDefinition]) -> list[dict[str, Any]]:
    """The functions as chat templates expect them."""
    tools = []
    for function in functions:
        inner: dict[str, Any] = {"name": function.name}
        if function.description is not None:
            inner["description"] = function.description
        inner["parameters"] = function.parameters or {"type": "object", "properties": {}}
        tools.append({"type": "function", "function": inner})
    return tools


class CallStart(msgspec.Struct, frozen=True):
    """A call begins: its number in the message, its id and the function's name."""

    index: int
    id: str
    name: str


class CallArguments(msgspec.Struct, frozen=True):
    """A further piece of the arguments' JSON text."""

    index: int
    text: str


Piece = str | CallStart | CallArguments


class ToolCallParser:
    """Splits a growing text into content and calls. Text that is no well-formed call stays content: nothing is lost."""

    __slots__ = ("_after_call", "_buffer", "_index", "_names", "_scan", "_state", "calls")

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)
        self._buffer = ""
        self._state = "content"  # "content", "head" (up to the arguments), "arguments", "tail" (up to CLOSE)
        self._scan = _ValueScanner()
        self._index = -1
        self._after_call = False  # the line feed behind a call belongs to it
        self.calls = 0

    def push(self, text: str) -> list[Piece]:
        """What new text brings."""
        self._buffer += text
        pieces: list[Piece] = []
        while self._step(pieces):
            pass
        return pieces

    def end(self) -> list[Piece]:
        """What is left when the text ends: a call cut in its arguments stays a call, anything else is content."""
        pieces: list[Piece] = []
        if self._state == "content":
            if self._buffer and not (self.calls and self._buffer.isspace()):
                pieces.append(self._buffer)
        elif self._state == "head":
            pieces += self._whole_call(self._buffer, self._buffer)
        self._buffer = ""
        return pieces

    def _step(self, pieces: list[Piece]) -> bool:
        """Go on by one state; False where more text is needed."""
        if self._state == "content":
            return self._content(pieces)
        if self._state == "head":
            return self._head(pieces)
        if self._state == "arguments":
            taken = self._scan.push(self._buffer)
            if taken:
                pieces.append(CallArguments(self._index, self._buffer[:taken]))
                self._buffer = self._buffer[taken:]
            if not self._scan.complete:
                return False
            self._state = "tail"
        at = self._buffer.find(CLOSE)
        if at < 0:
            self._buffer = self._buffer[len(self._buffer) - overlap(self._buffer, CLOSE) :]
            return False
        self._buffer = self._buffer[at + len(CLOSE) :]
        self._state = "content"
        self._after_call = True
        return True

    def _content(self, pieces: list[Piece]) -> bool:
        if self._after_call and self._buffer:
            self._buffer = self._buffer.removeprefix("\n")
            self._after_call = False
        at = self._buffer.find(OPEN)
        if at >= 0:
            before = self._buffer[:at].rstrip("\n") if self.calls else self._buffer[:at].rstrip()
            if before:
                pieces.append(before)
            self._buffer = self._buffer[at + len(OPEN) :]
            self._state = "head"
            return True
        # Space before a call belongs to the call, so it waits as well.
        keep = overlap(self._buffer, OPEN)
        keep = len(self._buffer) - len(self._buffer[: len(self._buffer) - keep].rstrip())
        shown = self._buffer[: len(self._buffer) - keep]
        if shown:
            pieces.append(shown)
            self._buffer = self._buffer[len(shown) :]
        return False

    def _head(self, pieces: list[Piece]) -> bool:
        match = _HEAD.match(self._buffer)
        # Arguments given as a JSON string need unescaping, so they wait for their end.
        if match and match.end() < len(self._buffer) and self._buffer[match.end()] == "{":
            name = json.loads(f'"{match["name"]}"')
            if name in self._names:
                pieces.append(self._start(name))
                self._buffer = self._buffer[match.end() :]
                self._scan = _ValueScanner()
                self._state = "arguments"
                return True
        at = self._buffer.find(CLOSE)
        if at < 0:
            return False
        inner = self._buffer[:at]
        found = self.calls
        pieces += self._whole_call(inner, inner + CLOSE)
        self._buffer = self._buffer[at + len(CLOSE) :]
        self._state = "content"
        self._after_call = self.calls > found
        return True

    def _whole_call(self, inner: str, text: str) -> list[Piece]:
        """A call whose keys came in another order, or text that only looked like one."""
        try:
            call = json.loads(inner)
        except ValueError:
            call = None
        if not isinstance(call, dict) or call.get("name") not in self._names:
            return [OPEN + text]
        arguments = call.get("arguments", call.get("parameters", {}))
        words = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        return [self._start(call["name"]), CallArguments(self._index, words)]

    def _start(self, name: str) -> CallStart:
        self._index += 1
        self.calls += 1
        return CallStart(self._index, f"call_{uuid.uuid4().hex[:24]}", name)


class _ValueScanner:
    """Finds the end of one JSON object in a stream of text."""

    __slots__ = ("_depth", "_escaped", "_in_string", "complete")

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self.complete = False

    def push(self, text: str) -> int:
        """How many characters of `text` belong to the object."""
        for place, character in enumerate(text):
            if self._escaped:
                self._escaped = False
            elif self._in_string:
                self._escaped = character == "\\"
                self._in_string = character != '"'
            elif character == '"':
                self._in_string = True
            elif character in "{[":
                self._depth += 1
            elif character in "}]":
                self._depth -= 1
                if self._depth == 0:
                    self.complete = True
                    return place + 1
        return len(text)
