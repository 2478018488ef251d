"""Messages to token ids, by the model's own Jinja template.

What people write never becomes a control token: a message that spells `<|im_end|>` is read as these ten characters
(tests/engines/text_openvino/test_chat.py). Only the template itself writes control tokens.
"""

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox

from pleiade.engines.text_openvino.answers.tokenizer import TextTokenizer
from pleiade.engines.wire.errors import ApiError, invalid
from pleiade.engines.wire.serve import LoadError

CHATML = """{%- for message in messages -%}
{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}"""

PLAIN = """{{- bos_token }}{%- for message in messages -%}
{{ message.role | capitalize + ': ' + message.content + '\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ 'Assistant:' }}{%- endif -%}"""

# For templates that know nothing of tools: the wording on which Hermes and Qwen models were tuned.
TOOL_INSTRUCTIONS = """# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{tools}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""


class ChatTemplate:
    """A compiled template and the tokenizer that reads what it writes."""

    def __init__(self, tokenizer: TextTokenizer) -> None:
        """Raises LoadError where the model's template does not compile."""
        source = tokenizer.chat_template
        if not source:
            source = CHATML if "<|im_start|>" in tokenizer.control else PLAIN
        self._tokenizer = tokenizer
        self._knows_tools = "tools" in source
        self._words = {"bos_token": tokenizer.bos_text, "eos_token": tokenizer.eos_text}
        try:
            self._template = _environment().from_string(source)
        except jinja2.TemplateError as error:
            raise LoadError(f"the model's chat template does not compile: {error}") from error

    def encode(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        extra: Mapping[str, Any] | None = None,
        opening: bool = True,
    ) -> list[int]:
        """Token ids of a conversation, up to where the assistant speaks next (without `opening`: as far as it went).

        Raises ApiError 400 where the template refuses the conversation.
        """
        mark = _unused_character(messages, tools)
        messages = [_map_texts(message, lambda text: self._disarm(text, mark)) for message in messages]
        tools = [_map_texts(tool, lambda text: self._disarm(text, mark)) for tool in tools]
        if tools and not self._knows_tools:
            messages = _with_tool_instructions(messages, tools)
            tools = ()
        words = {**self._words, **(extra or {})}
        try:
            text = self._template.render(
                messages=messages,
                tools=list(tools) or None,
                documents=None,
                add_generation_prompt=opening,
                **words,
            )
        except (jinja2.TemplateError, TypeError, ValueError, KeyError, AttributeError) as error:
            raise invalid(f"The model's chat template refuses these messages: {error}", "messages") from error
        return self._encode_rendered(text, mark)

    def _disarm(self, text: str, mark: str) -> str:
        """Break the spelling of control tokens with a character that is taken out again behind the template."""
        for start, _ in reversed(self._tokenizer.control_spellings(text)):
            text = text[: start + 1] + mark + text[start + 1 :]
        return text

    def _encode_rendered(self, text: str, mark: str) -> list[int]:
        tokenizer = self._tokenizer
        if mark not in text:
            return tokenizer.encode(text)
        ids: list[int] = []
        at = 0
        for start, end in [*tokenizer.control_spellings(text), (len(text), len(text))]:
            stretch = text[at:start]
            if mark in stretch:
                ids += tokenizer.encode_plain(stretch.replace(mark, ""))
            elif stretch:
                ids += tokenizer.encode(stretch)
            if end > start:
                ids.append(tokenizer.control[text[start:end]])
            at = end
        return ids


def _with_tool_instructions(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The tools as a system message."""
    signatures = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
    words = TOOL_INSTRUCTIONS.format(tools=signatures)
    if messages and messages[0]["role"] == "system":
        first = {**messages[0], "content": f"{messages[0]['content']}\n\n{words}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": words}, *messages]


def _unused_character(*values: object) -> str:
    """A private-use character that occurs in none of the texts."""
    everything = json.dumps(values, ensure_ascii=False)
    for code in range(0xE000, 0xF8FF):
        if chr(code) not in everything:
            return chr(code)
    raise ApiError(400, "The messages use every private-use character of Unicode.", param="messages")


def _map_texts(value: Any, change: Any) -> Any:
    """`value` with every string in it changed, keys left alone."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _map_texts(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_map_texts(item, change) for item in value]
    return value


class _Generation(jinja2.ext.Extension):
    """`{% generation %}…{% endgeneration %}` marks the assistant's text for training; here it is only its content."""

    tags = {"generation"}  # noqa: RUF012 (jinja2's own declaration)

    def parse(self, parser: jinja2.parser.Parser) -> jinja2.nodes.Node | list[jinja2.nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment() -> jinja2.Environment:
    """A sandbox with what transformers' templates expect (transformers/utils/chat_template_utils.py)."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols]
    )

    def to_json(
        value: Any,
        ensure_ascii: bool = False,
        indent: int | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
    ) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def refuse(message: str) -> None:
        raise jinja2.TemplateError(message)

    def now(form: str) -> str:
        return datetime.datetime.now().astimezone().strftime(form)

    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = now
    return environment
