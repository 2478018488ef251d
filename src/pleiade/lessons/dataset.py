"""Examples as files: a part to learn from, a part kept aside, in the forms that fine-tuning and evals read."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pleiade.domain.examples import Format, read_examples
from pleiade.files.errors import InvalidError
from pleiade.lessons.nouns import Example, Kind

HELD_BACK = 0.2
MOST_HELD_BACK = 200  # each is asked twice
FORMS: dict[Kind, Format] = {"preference": "preference", "sft": "chat"}


def split(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Those to learn, and those kept aside: a fifth of the questions, the same ones each time.

    A question is on one side only, however many answers to it were rated; so what is measured was never learned.
    """
    places = {_question(example): "" for example in examples}
    order = sorted(places, key=lambda question: hashlib.sha256(question.encode()).digest())
    aside = set(order[: min(MOST_HELD_BACK, max(1, round(len(order) * HELD_BACK)))])
    learned = [example for example in examples if _question(example) not in aside]
    return learned, [example for example in examples if _question(example) in aside]


def lines(kind: Kind, examples: Iterable[Example]) -> Iterator[bytes]:
    """Lines of a training file, in OpenAI's form of `kind`."""
    for example in examples:
        yield _line(line_of(kind, example))


def line_of(kind: Kind, example: Example) -> dict[str, Any]:
    """One example in OpenAI's form."""
    messages, wished = list(example.messages), {"role": "assistant", "content": example.wished}
    if kind == "sft":
        return {"messages": [*messages, wished]}
    rejected = {"role": "assistant", "content": example.rejected}
    return {"input": {"messages": messages}, "preferred_output": [wished], "non_preferred_output": [rejected]}


def gate_lines(examples: Iterable[Example]) -> Iterator[bytes]:
    """Lines of a file for an eval: the question, the answer that was wished for, the one that was not."""
    for example in examples:
        item = {"messages": list(example.messages), "wished": example.wished, "rejected": example.rejected}
        yield _line({"item": item})


def read_gate(kind: Kind, content: bytes) -> list[Example]:
    """Examples of a file that was named as the gate. Raises InvalidError with the number of the wrong line."""
    found, problems = read_examples(content.splitlines(), FORMS[kind])
    if problems or not found:
        why = str(problems[0]) if problems else "it holds no example"
        raise InvalidError(f"Invalid 'gate': {why}.", param="gate", code="invalid_file_format")
    made = []
    for one in found[:MOST_HELD_BACK]:
        messages, wished = (one.messages, one.preferred) if kind == "preference" else (one.messages[:-1], one.messages)
        rejected = one.rejected[-1]["content"] if one.rejected else ""
        asked = tuple({"role": turn["role"], "content": turn["content"]} for turn in messages)
        made.append(Example(messages=asked, wished=wished[-1]["content"], rejected=rejected, feedback_ids=()))
    return made


def _question(example: Example) -> str:
    return json.dumps(example.messages, sort_keys=True, ensure_ascii=False)


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
