"""Files of examples: what is wrong is told with the numbers of its lines, before anything is loaded."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from pleiade.finetuning import checking
from pleiade.finetuning.checking import as_chat, bring, check, count_with, without
from pleiade.finetuning.errors import TuningError
from pleiade.registry.bundled import bundled_folders


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def good(number: int = 0) -> dict[str, Any]:
    return {"messages": [user(f"Question {number}?"), assistant("Answer.")]}


def written(path: Path, *rows: Any) -> Path:
    path.write_bytes(b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows))
    return path


def words(text: str) -> int:
    return len(text.split())


def problem(path: Path, method: str = "supervised", context: int = 100) -> str:
    with pytest.raises(TuningError) as error:
        check(path, method, "training_file", words, context)
    assert (error.value.param, error.value.code) == ("training_file", "invalid_file_format")
    return str(error.value)


def test_every_wrong_line_is_told_with_its_number(tmp_path: Path) -> None:
    rows = [
        good(),
        {"messages": [{"role": "wizard", "content": "x"}, assistant("y")]},
        b"",
        {"messages": [user("only asked")]},
        {"messages": [user("long " * 101), assistant("y")]},
        b"{not json",
        {"messages": [user("a"), assistant("b"), user("c")]},
    ]
    said = problem(written(tmp_path / "f", *rows))
    assert said.startswith("5 lines of the training file cannot be learned from")
    told = [
        "line 2: messages[0].role is 'wizard'",
        "line 4: has no assistant",
        "line 5: has 102 tokens",
        "line 6: is no JSON",
        "line 7: does not end with the assistant",
    ]
    assert [words for words in told if words not in said] == []


def test_numbers_stay_right_where_a_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "AT_ONCE", 3)
    said = problem(written(tmp_path / "f", *(good(n) for n in range(7)), {"messages": []}))
    assert "line 8: messages must be a list" in said


def test_a_byte_order_mark_windows_line_ends_and_empty_lines_are_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(good()).encode() + b"\r\n\r\n" + json.dumps(good(1)).encode())
    assert check(path, "supervised", "training_file", words, 100).examples == 2


def test_many_problems_are_counted_and_the_first_told(tmp_path: Path) -> None:
    said = problem(written(tmp_path / "f", *({"messages": []} for _ in range(40))))
    assert said.startswith("40 lines")
    assert said.endswith("and 20 more")


def test_a_file_of_another_method_says_which_one_it_is_for(tmp_path: Path) -> None:
    assert "preference" in problem(written(tmp_path / "f", {"input": {"messages": [user("a")]}}))
    assert "chat example" in problem(written(tmp_path / "g", good()), "dpo")
    assert "must end with the user" in problem(written(tmp_path / "h", good()), "reinforcement")


def test_nothing_to_learn_is_a_problem_too(tmp_path: Path) -> None:
    assert "holds no example" in problem(written(tmp_path / "f", b""))


def test_examples_of_the_other_file_are_found_and_can_be_left_out(tmp_path: Path) -> None:
    training = check(written(tmp_path / "t", good(1), good(2)), "supervised", "training_file", words, 0)
    path = written(tmp_path / "v", good(3), b"", good(2), good(4))
    found = check(path, "supervised", "validation_file", words, 0, known=training.keys)
    assert found.overlap == (3,)
    assert without(path, found.overlap, tmp_path / "left") == 2
    assert check(tmp_path / "left", "supervised", "validation_file", words, 0, known=training.keys).overlap == ()


def test_prompts_and_completions_of_2023_become_conversations_line_by_line(tmp_path: Path) -> None:
    path = written(tmp_path / "f", {"prompt": "a ->", "completion": " b\n"}, {"prompt": 3, "completion": "x"})
    assert as_chat(path)
    assert json.loads(path.read_text().splitlines()[0]) == {"messages": [user("a ->"), assistant("b")]}
    assert "line 2" in problem(path)
    assert not as_chat(written(tmp_path / "g", good()))


def test_a_file_that_is_too_large_is_not_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_MB", 0)
    with pytest.raises(TuningError, match="larger than 0 MB"):
        bring(io.BytesIO(b"x" * 10), tmp_path / "f")


def test_tokens_are_counted_as_the_model_counts_them() -> None:
    count = count_with(bundled_folders()["pleiade-pico"])
    assert 1 <= count("Hello, who are you?") <= 10
    with pytest.raises(TuningError, match="tokenizer"):
        count_with(Path("/nowhere"))
