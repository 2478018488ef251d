"""Files of examples, brought from the store and looked at line by line before anything is loaded."""

import hashlib
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from tokenizers import Tokenizer

from pleiade.domain.examples import Example, Format, Problem, read_examples, told
from pleiade.files.nouns import PURPOSE_MB
from pleiade.finetuning.errors import TuningError

FORMATS: dict[str, Format] = {"supervised": "chat", "dpo": "preference", "reinforcement": "prompt"}
AT_ONCE = 500  # lines held in memory
MOST_MB = PURPOSE_MB["fine-tune"]
MOST_TOLD = 20  # problems in one sentence; the rest is counted
PIECE = 1 << 20

Count = Callable[[str], int]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds. `keys` tell its examples apart; `overlap` are lines that are in the other file too."""

    examples: int
    tokens: int
    keys: frozenset[bytes] = frozenset()
    overlap: tuple[int, ...] = ()


def bring(stream: BinaryIO, path: Path) -> None:
    """Copy a file to where the lab reads it. Raises TuningError where it is too large, OSError on a full disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with path.open("wb") as file:
        while data := stream.read(PIECE):
            size += len(data)
            if size > MOST_MB * PIECE:
                raise TuningError(
                    f"the file of examples is larger than {MOST_MB} MB: train on fewer examples, or in several jobs",
                    code="file_too_large",
                    param="training_file",
                )
            file.write(data)


def count_with(folder: Path) -> Count:
    """Counts the tokens of a text as the model in `folder` does. Raises TuningError for one without a tokenizer."""
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library raises Exception itself
        raise TuningError(
            f"the tokenizer of the base cannot be read ({error}): add the model again", code="model_not_usable"
        ) from error
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def check(
    path: Path, method: str, param: str, count: Count, context: int, known: frozenset[bytes] = frozenset()
) -> Found:
    """Read a file through; what is wrong is told with the numbers of its lines.

    `known`: examples of the other file. Raises TuningError that lists the first problems.
    """
    number = tokens = 0
    problems: list[Problem] = []
    keys: set[bytes] = set()
    overlap: list[int] = []
    for example in _examples(path, FORMATS[method], problems):
        number += 1
        length = count(_text(example))
        tokens += length
        if context and length > context:
            problems.append(
                Problem(
                    example.line, f"has {length:,} tokens and the model takes {context:,}: shorten it, or cut it up"
                )
            )
        key = hashlib.blake2b(example.key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        keys.add(key)
        if key in known:
            overlap.append(example.line)
    if problems:
        problems.sort(key=lambda problem: problem.line)
        raise TuningError(
            f"{len(problems)} lines of the {param.replace('_', ' ')} cannot be learned from:\n  "
            f"{told(problems, MOST_TOLD)}",
            code="invalid_file_format",
            param=param,
        )
    if not number:
        raise TuningError(
            f"the {param.replace('_', ' ')} holds no example: give one a line", code="invalid_file_format", param=param
        )
    return Found(examples=number, tokens=tokens, keys=frozenset(keys), overlap=tuple(overlap))


def without(path: Path, lines: tuple[int, ...], into: Path) -> int:
    """Write `path` without those lines; how many are left."""
    unwanted, left = set(lines), 0
    with path.open("rb") as file, into.open("wb") as out:
        for number, line in enumerate(file, 1):
            if number not in unwanted and line.strip():
                out.write(line if line.endswith(b"\n") else line + b"\n")
                left += 1
    return left


def as_chat(path: Path) -> bool:
    """Turn a file of prompts and completions, the form of January 2023, into conversations; whether it was one."""
    with path.open("rb") as file:
        first = next((line for line in file if line.strip()), b"")
    if not _is_completion(first):
        return False
    turned = path.with_suffix(".turned")
    with path.open("rb") as file, turned.open("wb") as out:
        for line in file:  # line by line, so that problems keep their numbers
            out.write(_turned(line) + b"\n")
    turned.replace(path)
    return True


def _examples(path: Path, form: Format, problems: list[Problem]) -> Iterator[Example]:
    with path.open("rb") as file:
        before = 0
        while lines := list(islice(file, AT_ONCE)):
            examples, wrong = read_examples(lines, form)
            problems += [Problem(problem.line + before, problem.message) for problem in wrong]
            for example in examples:
                yield msgspec.structs.replace(example, line=example.line + before)
            before += len(lines)


def _text(example: Example) -> str:
    """What is certainly part of an example's tokens: the template adds to it."""
    longest = max((example.preferred, example.rejected), key=lambda answer: sum(len(m["content"]) for m in answer))
    return "\n".join(message["content"] for message in (*example.messages, *longest))


def _is_completion(line: bytes) -> bool:
    try:
        value = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        return False
    return isinstance(value, dict) and "messages" not in value and {"prompt", "completion"} <= value.keys()


def _turned(line: bytes) -> bytes:
    try:
        value: Any = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
        prompt, completion = value["prompt"], value["completion"]
    except (ValueError, LookupError, TypeError):
        return line.rstrip(b"\r\n")  # whoever checks it says what is wrong
    if not (isinstance(prompt, str) and isinstance(completion, str)):
        return line.rstrip(b"\r\n")
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion.strip()}]
    return json.dumps({"messages": messages}, ensure_ascii=False).encode()
