"""The input of a batch: everything that is wrong with it is told at once, by line."""

import io
import json
from typing import Any

import pytest

from pleiade.jobs.batch.input import check, read_lines
from pleiade.jobs.batch.nouns import MOST_ERRORS, MOST_INPUTS, MOST_LINES

PATH = "/v1/chat/completions"


def row(number: int = 0, **changes: Any) -> bytes:
    line = {"custom_id": f"c{number}", "method": "POST", "url": PATH, "body": {"model": "m"}, **changes}
    return json.dumps({key: value for key, value in line.items() if value is not None}).encode() + b"\n"


def codes(data: bytes, path: str = PATH) -> list[tuple[int | None, str]]:
    return [(error.line, error.code) for error in check(io.BytesIO(data), path).errors]


def test_a_good_file_tells_how_many_lines_and_which_model_it_has() -> None:
    found = check(io.BytesIO(b"\xef\xbb\xbf" + row(1).replace(b"\n", b"\r\n") + b"\n" + row(2)), PATH)
    assert (found.total, found.model, found.errors) == (2, "m", ())
    found = check(io.BytesIO(row(1) + row(2, body={"model": "n"})), PATH)
    assert (found.total, found.model) == (2, "")


def test_lines_keep_their_numbers_and_the_bytes_of_their_bodies() -> None:
    body = b'{"model": "m",  "seed": 12345678901234567890123, "stream":true}'
    data = b'\n{"custom_id": "a", "method": "POST", "url": "/chat/completions", "body": ' + body + b"}"
    (line,) = read_lines(io.BytesIO(data), PATH)
    assert (line.number, line.custom_id, line.body, line.stream) == (2, "a", body, True)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", [(None, "empty_file")]),
        (b"no json\n" + row(), [(1, "invalid_json_line")]),
        (row(custom_id=None), [(1, "missing_required_parameter")]),
        (row(method=None), [(1, "missing_required_parameter")]),
        (row(url=None), [(1, "missing_required_parameter")]),
        (row(custom_id=7), [(1, "invalid_type")]),
        (row(custom_id=""), [(1, "invalid_custom_id")]),
        (row(custom_id="a\0b"), [(1, "invalid_custom_id")]),
        (row(body=None), [(1, "invalid_type")]),
        (row(body=[1]), [(1, "invalid_type")]),
        (row(method="DELETE"), [(1, "invalid_method")]),
        (row(1) + row(2, url="/v1/embeddings"), [(2, "mismatched_endpoint")]),
        (row(1) + row(2) + row(1), [(3, "duplicate_custom_id")]),
        (b'{"custom_id": "\\ud800"}\n', [(1, "invalid_json_line")]),
        (row(1) + b"x" * (17 << 20), [(2, "invalid_json_line")]),
    ],
)
def test_what_is_wrong_is_named_by_its_line(data: bytes, found: list[tuple[int | None, str]]) -> None:
    assert codes(data) == found


def test_all_lines_are_looked_at_and_a_hundred_faults_are_enough() -> None:
    assert len(codes(b"{}\n" * 1000)) == MOST_ERRORS


def test_too_much_for_one_batch_is_told() -> None:
    many = b"".join(row(number) for number in range(MOST_LINES + 1))
    assert codes(many) == [(MOST_LINES + 1, "too_many_lines")]
    inputs = row(url="/v1/embeddings", body={"model": "e", "input": ["x"] * (MOST_INPUTS + 1)})
    assert codes(inputs, "/v1/embeddings") == [(None, "too_many_inputs")]
