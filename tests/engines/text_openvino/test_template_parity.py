"""Our template engine writes what transformers' writes, for the templates that models really carry."""

from pathlib import Path
from typing import Any

import pytest

from engines.tiny_model import byte_tokenizer
from pleiade.engines.text_openvino.answers.chat import ChatTemplate
from pleiade.engines.text_openvino.answers.tokenizer import TextTokenizer

OURS = Path(__file__).parents[3] / "src/pleiade/lab/tokenizer/chat_template.jinja"

# The constructs of Llama 3's and Qwen 3's templates: whitespace control, namespaces, reversed lists, filters, macros.
LLAMA_LIKE = """{{- bos_token }}
{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}
{%- if not date_string is defined %}{%- set date_string = "26 Jul 2024" %}{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|im_start|>system\\n" + date_string + "\\n" }}
{%- if tools is not none %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|im_end|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|im_start|>' + message['role'] + '\\n\\n' + message['content'] | trim + '<|im_end|>' }}
    {%- elif 'tool_calls' in message %}
        {{- message.tool_calls[0].function.arguments | tojson }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n\\n' }}{%- endif %}
"""
QWEN_LIKE = """{%- macro speak(role, text) %}
    {{- '<|im_start|>' + role + '\\n' + text + '<|im_end|>\\n' }}
{%- endmacro %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role == 'assistant' and '</think>' in message.content %}
        {%- set content = message.content.split('</think>')[-1].lstrip('\\n') %}
        {{- speak('assistant', content) }}
    {%- else %}
        {{- speak(message.role, message.content) }}
    {%- endif %}
{%- endfor %}
{{- ns.last_query_index }}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
CHAT = [
    {"role": "system", "content": " Be brief. "},
    {"role": "user", "content": "Où est la « gare » ? <b>\n"},
    {"role": "assistant", "content": "<think>hm</think>\nIci."},
    {"role": "user", "content": "Merci 🎉"},
]
CALLED: list[dict[str, Any]] = [
    {"role": "user", "content": "time?"},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": {"zone": "é", "n": [1]}}}
        ],
    },
    {"role": "tool", "content": "noon", "tool_call_id": "call_1"},
]
CLOCK = {
    "type": "function",
    "function": {"name": "clock", "description": "l'heure", "parameters": {"type": "object", "properties": {}}},
}


@pytest.mark.parametrize("messages", [CHAT, CALLED], ids=["chat", "called"])
@pytest.mark.parametrize("tools", [[], [CLOCK]], ids=["plain", "tools"])
@pytest.mark.parametrize("source", [OURS.read_text(), LLAMA_LIKE, QWEN_LIKE], ids=["ours", "llama", "qwen"])
def test_ids_equal_those_of_transformers(source: str, tools: list[Any], messages: list[Any]) -> None:
    from transformers import PreTrainedTokenizerFast

    if "tools" not in source:  # there we add our own words, and transformers drops the tools
        tools = []
    theirs = PreTrainedTokenizerFast(
        tokenizer_object=byte_tokenizer(), chat_template=source, bos_token="<|endoftext|>", eos_token="<|im_end|>"
    )
    expected = theirs.apply_chat_template(
        messages, tools=tools or None, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    configuration = {"chat_template": source, "bos_token": "<|endoftext|>", "eos_token": "<|im_end|>"}
    ours = TextTokenizer(byte_tokenizer().to_str(), configuration=configuration, source="test")
    template = ChatTemplate(ours)
    assert template.encode(messages, tools=tools) == expected
