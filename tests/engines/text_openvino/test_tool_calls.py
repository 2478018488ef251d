"""Tool calls found in the model's text, whatever pieces it comes in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.engines.text_openvino.answers.tools import CallArguments, CallStart, Piece, ToolCallParser

ONE = '<tool_call>\n{"name": "add", "arguments": {"a": [1, {"b": "}<\\""}], "c": "é"}}\n</tool_call>'


def parse(text: str, cuts: list[int] | None = None) -> tuple[str, list[tuple[str, str]]]:
    """Content and (name, arguments) of the calls, with `text` pushed in pieces cut at `cuts`."""
    parser = ToolCallParser(["add", "sub"])
    pieces: list[Piece] = []
    at = 0
    for cut in [*sorted({c % (len(text) + 1) for c in cuts or []}), len(text)]:
        pieces += parser.push(text[at:cut])
        at = cut
    pieces += parser.end()
    content, calls = "", []
    for piece in pieces:
        if isinstance(piece, CallStart):
            assert piece.index == len(calls)
            calls.append([piece.name, ""])
        elif isinstance(piece, CallArguments):
            calls[piece.index][1] += piece.text
        else:
            content += piece
    return content, [(name, arguments) for name, arguments in calls]


def test_a_call_is_taken_out_of_the_text() -> None:
    content, calls = parse(f"Let me see.\n{ONE}")
    assert content == "Let me see."
    assert calls == [("add", '{"a": [1, {"b": "}<\\""}], "c": "é"}')]


@given(st.lists(st.integers(0, 400), max_size=12))
def test_pieces_change_nothing(cuts: list[int]) -> None:
    text = f"Two.\n{ONE}\n{ONE.replace('add', 'sub')}\nDone <b>"
    assert parse(text, cuts) == parse(text)


@given(st.text('<tol_ca>/ \n{}"x', max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_text_without_a_call_comes_through_unchanged(text: str, cuts: list[int]) -> None:
    assert parse(text, cuts) == (text, [])


@pytest.mark.parametrize(
    "inner",
    ["not json", '{"name": "unknown", "arguments": {}}', '{"arguments": {}}', '["add"]', '{"name": "add"'],
)
def test_what_only_looks_like_a_call_stays_text(inner: str) -> None:
    content, calls = parse(f"<tool_call>{inner}</tool_call>")
    assert content == f"<tool_call>{inner}</tool_call>"
    assert calls == []


def test_keys_in_another_order_and_arguments_as_text_are_understood() -> None:
    _, calls = parse('<tool_call>{"arguments": {"a": 1}, "name": "add"}</tool_call>')
    assert calls == [("add", '{"a": 1}')]
    _, calls = parse('<tool_call>{"name": "add", "arguments": "{\\"a\\": 1}"}</tool_call>')
    assert json.loads(calls[0][1]) == {"a": 1}
    _, calls = parse('<tool_call>{"name": "add", "parameters": {"a": 1}}</tool_call>')
    assert calls == [("add", '{"a": 1}')]


def test_a_call_cut_in_its_arguments_is_still_a_call() -> None:
    content, calls = parse('<tool_call>\n{"name": "add", "arguments": {"a": [1, 2')
    assert content == ""
    assert calls == [("add", '{"a": [1, 2')]
    content, calls = parse('<tool_call>\n{"name": "ad')
    assert content == '<tool_call>\n{"name": "ad'
    assert calls == []
