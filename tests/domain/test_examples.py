"""Lines in OpenAI's fine-tuning formats become examples, and what is wrong is told with its line."""

import json
import subprocess
import sys
from typing import Any

import pytest

from pleiade.domain.examples import Format, read_examples, told

USER, ASSISTANT = {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Nantes"}'}}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]


def problem(value: Any, form: Format = "chat") -> str:
    """What is said of one line that must be wrong."""
    examples, problems = read_examples([value if isinstance(value, bytes) else json.dumps(value).encode()], form)
    assert (examples, len(problems)) == ([], 1)
    return str(problems[0])


def test_a_conversation_with_tools_comes_in_the_shape_of_templates() -> None:
    line = {
        "messages": [
            {"role": "developer", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief."}]},
            USER,
            {"role": "assistant", "tool_calls": [CALL], "weight": 0},
            {"role": "tool", "tool_call_id": "c1", "content": "rain"},
            {"role": "assistant", "content": "It rains.", "weight": 1},
        ],
        "tools": TOOLS,
        "parallel_tool_calls": False,
    }
    (example,), problems = read_examples([b"\xef\xbb\xbf" + json.dumps(line).encode(), b"\n"], "chat")
    assert problems == []
    assert example.messages[0] == {"role": "system", "content": "Be\nbrief."}
    assert example.messages[2]["tool_calls"][0]["function"]["arguments"] == {"city": "Nantes"}
    assert (example.messages[2]["content"], example.messages[2]["weight"]) == ("", 0)
    assert example.tools == tuple(TOOLS)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"{oops", r"line 1: is no JSON"),
        (b'{"messages": "\xff"}', "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        ([USER], "is a list: each line must be one JSON object"),
        ({}, "messages must be a list of at least one message"),
        ({"messages": []}, "messages must be a list of at least one message"),
        ({"messages": [{"role": "bot", "content": "x"}]}, "messages[0].role is 'bot': use system, developer, user"),
        ({"messages": [{"role": "user"}, ASSISTANT]}, "messages[0].content is missing"),
        ({"messages": [{"role": "user", "content": 3}, ASSISTANT]}, "messages[0].content is a number"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}, ASSISTANT]}, "content[0] is 'image_url'"),
        ({"messages": [USER]}, "has no assistant message to learn"),
        ({"messages": [USER, {**ASSISTANT, "weight": 0}]}, "has no assistant message to learn"),
        ({"messages": [USER, ASSISTANT, USER]}, "does not end with the assistant"),
        ({"messages": [{**USER, "weight": 1}, ASSISTANT]}, "messages[0].weight must be 0 or 1"),
        ({"messages": [USER, {"role": "assistant", "function_call": {}}]}, "function_call is the form of 2023"),
        ({"messages": [USER, {"role": "assistant", "tool_calls": [{}]}]}, "tool_calls[0].function.name is missing"),
        (
            {"messages": [USER, {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]},
            "arguments is no JSON",
        ),
        ({"messages": [{"role": "tool", "content": "x"}, ASSISTANT]}, "messages[0].tool_call_id is missing"),
        ({"messages": [USER, ASSISTANT], "tools": [{"name": "f"}]}, "tools[0] must be"),
        ({"input": {"messages": [USER]}}, "looks like a preference example"),
    ],
)
def test_a_wrong_conversation_is_told_in_words(value: Any, said: str) -> None:
    assert said in problem(value)


def test_a_preference_has_a_question_and_two_different_answers() -> None:
    line = {"input": {"messages": [USER], "tools": TOOLS}, "preferred_output": [ASSISTANT]}
    worse = {**line, "non_preferred_output": [{"role": "assistant", "content": "Go away."}]}
    (example,), _ = read_examples([json.dumps(worse).encode()], "preference")
    assert (example.preferred[0]["content"], example.rejected[0]["content"]) == ("Hi.", "Go away.")
    assert "non_preferred_output must be a list" in problem(line, "preference")
    assert "are the same" in problem({**line, "non_preferred_output": [ASSISTANT]}, "preference")
    assert "of the assistant and of tools only" in problem({**worse, "preferred_output": [USER]}, "preference")
    assert "input.messages ends with the assistant" in problem(
        {**worse, "input": {"messages": [ASSISTANT]}}, "preference"
    )
    assert "looks like a chat example" in problem({"messages": [USER, ASSISTANT]}, "preference")


def test_a_prompt_keeps_its_reference_fields() -> None:
    (example,), _ = read_examples([json.dumps({"messages": [USER], "wanted": {"sum": 4}}).encode()], "prompt")
    assert example.item["wanted"] == {"sum": 4}
    assert "ends with the assistant" in problem({"messages": [USER, ASSISTANT]}, "prompt")


def test_lines_are_counted_as_editors_count_them_and_many_problems_are_cut() -> None:
    good = json.dumps({"messages": [USER, ASSISTANT]}).encode()
    examples, problems = read_examples([good, b"  \n", good, *[b"x"] * 7], "chat")
    assert [example.line for example in examples] == [1, 3]
    assert [problem.line for problem in problems] == [4, 5, 6, 7, 8, 9, 10]
    assert told(problems).endswith("and 2 more")


def test_examples_and_graders_are_read_without_the_lab() -> None:
    code = "import sys, pleiade.domain.examples, pleiade.domain.graders.grade; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
