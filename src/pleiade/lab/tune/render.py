"""Conversations as tokens, by the model's own chat template, with the assistant's words as targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pleiade.domain.examples import Example, Message
from pleiade.lab.tune.errors import TuneError

IGNORED = -100  # the label of a token that is context, not learned
Row = dict[str, Any]


@dataclass
class Rendered:
    """Rows for a trainer, and the lines that were cut or left out because the model is shorter than they are."""

    rows: list[Row] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)

    @property
    def num_tokens(self) -> int:
        """Tokens that one epoch reads."""
        return sum(_length(row) for row in self.rows)

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence."""
        return max((_longest(row) for row in self.rows), default=0)


class Renderer:
    """One model's template and tokenizer, with at most `max_length` tokens a sequence."""

    def __init__(self, tokenizer: Any, max_length: int) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length

    def text(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], *, ask: bool = False) -> str:
        """The conversation as the template writes it; `ask` opens the assistant's turn. Raises TuneError."""
        plain = [{name: value for name, value in message.items() if name != "weight"} for message in messages]
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    plain, tools=list(tools) or None, tokenize=False, add_generation_prompt=ask
                )
            )
        except Exception as error:  # a template is a program of the model's makers: it may raise anything
            raise TuneError(f"the model's chat template refuses it: {error}") from error

    def tokens(self, text: str) -> list[int]:
        """Token ids of rendered text: the template has written the special tokens already."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def chat(self, examples: Sequence[Example]) -> Rendered:
        """Rows of `input_ids` and `labels`. Too long: cut at the end, or left out where nothing learned is left.

        A template may write a turn differently once another follows (thinking is dropped, say): such a conversation
        becomes a row for each turn, as the model will meet it.
        """
        rendered = Rendered()
        for example in examples:
            whole = [self._row(text, spans) for text, spans in self._turns(example)]
            kept = [row for row in map(self._cut, whole) if any(label != IGNORED for label in row["labels"])]
            if len(kept) < len(whole):
                rendered.left_out.append(example.line)
            elif any(len(row["input_ids"]) > self.max_length for row in whole):
                rendered.cut.append(example.line)
            rendered.rows.extend(kept)
        return rendered

    def preference(self, examples: Sequence[Example], *, split: bool) -> Rendered:
        """Rows of `chosen_ids` and `rejected_ids`: whole conversations, or (`split`) answers after `prompt_ids`.

        A pair that is too long is left out: half an answer says nothing about which is better.
        """
        rendered = Rendered()
        for example in examples:
            with _at(example):
                sides = [
                    self.tokens(self.text([*example.messages, *answer], example.tools).rstrip("\n"))
                    for answer in (example.preferred, example.rejected)
                ]
                prompt = self.tokens(self.text(example.messages, example.tools, ask=True))
            if max(map(len, sides)) > self.max_length:
                rendered.left_out.append(example.line)
                continue
            row: Row = {"chosen_ids": sides[0], "rejected_ids": sides[1]}
            if split:
                at = min(_common(prompt, side) for side in sides)
                row = {"prompt_ids": prompt[:at], "chosen_ids": sides[0][at:], "rejected_ids": sides[1][at:]}
            rendered.rows.append(row)
        return rendered

    def prompts(self, examples: Sequence[Example], answer_tokens: int) -> Rendered:
        """Rows of `prompt` (text) and `place` (which example): left out where no answer would fit behind it."""
        rendered = Rendered()
        begin = self._own_beginning()
        for place, example in enumerate(examples):
            with _at(example):
                text = self.text(example.messages, example.tools, ask=True)
            length = len(self.tokens(text))
            if length + answer_tokens > self.max_length:
                rendered.left_out.append(example.line)
            else:
                rendered.rows.append({"prompt": text.removeprefix(begin), "place": place, "length": length})
        return rendered

    def _own_beginning(self) -> str:
        """The token that the tokenizer puts first by itself, which the template must then not have written too."""
        bos = self.tokenizer.bos_token
        return bos if bos and self.tokenizer("a")["input_ids"][:1] == [self.tokenizer.bos_token_id] else ""

    def _turns(self, example: Example) -> list[tuple[str, list[tuple[int, int]]]]:
        """Texts, each with the spans in it that the assistant says; one text where the template allows it."""
        messages, found = example.messages, []
        with _at(example):
            whole = self.text(messages, example.tools)
            for place, message in enumerate(messages):
                if message["role"] != "assistant" or not message.get("weight", 1):
                    continue
                asked = self.text(messages[:place], example.tools, ask=True)
                told = self.text(messages[: place + 1], example.tools)
                start = len(_common_text(asked, told))
                found.append((told, (start, len(told.rstrip()))))
        if all(whole.startswith(told.rstrip()) for told, _ in found):
            return [(whole.rstrip("\n"), [span for _, span in found])]
        return [(told.rstrip("\n"), [span]) for told, span in found]

    def _row(self, text: str, spans: list[tuple[int, int]]) -> Row:
        encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        labels = [
            token if any(first <= start < last for first, last in spans) else IGNORED
            for token, (start, _) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
        ]
        return {"input_ids": list(encoded["input_ids"]), "labels": labels}

    def _cut(self, row: Row) -> Row:
        return {name: values[: self.max_length] for name, values in row.items()}


class _at:  # noqa: N801 - reads as a word: with _at(example)
    """Puts the line's number before what the template says."""

    def __init__(self, example: Example) -> None:
        self.example = example

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, TuneError):
            raise TuneError(f"line {self.example.line}: {error}") from error


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    for place, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return place
    return min(len(left), len(right))


def _common_text(left: str, right: str) -> str:
    place = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    return left[:place]


def _length(row: Row) -> int:
    return int(row["length"]) if "length" in row else sum(len(row[name]) for name in row if name.endswith("_ids"))


def _longest(row: Row) -> int:
    if "length" in row:
        return int(row["length"])
    prompt = len(row.get("prompt_ids", ()))
    return prompt + max(len(ids) for name, ids in row.items() if name.endswith("_ids") and name != "prompt_ids")
