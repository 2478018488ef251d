"""The input file of a batch: JSON lines with an id, a route and a body, checked as a whole before any of them runs."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from pleiade.files.errors import InvalidError
from pleiade.files.jsonl import lines, parse_line
from pleiade.jobs.batch.nouns import MOST_ERRORS, MOST_INPUTS, MOST_LINES, BatchError, full_path

LONGEST_ID = 512
_TRUTH = (b"true", b"1")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a batch."""

    number: int  # of its line in the file, from 1
    custom_id: str
    body: bytes  # JSON
    model: str = ""
    stream: bool = False


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What an input file holds: it can run where there are no errors."""

    total: int
    model: str  # that all lines name; "" = they name several
    errors: tuple[BatchError, ...]


def check(stream: BinaryIO, path: str) -> Checked:
    """Read an input file for the route `path` to its end, or until too much of it is wrong."""
    errors: list[BatchError] = []
    seen: set[str] = set()
    models: set[str] = set()
    total = inputs = 0
    try:
        for number, data in lines(stream):
            total += 1
            if total > MOST_LINES:
                errors.append(
                    _wrong(number, "too_many_lines", f"The file has more than {MOST_LINES} requests: cut it up")
                )
                break
            try:
                line = read_line(number, data, path)
                if line.custom_id in seen:
                    raise _problem(number, "duplicate_custom_id", f"repeats the custom_id {line.custom_id[:100]!r}")
            except InvalidError as error:
                errors.append(_told(error))
                if len(errors) >= MOST_ERRORS:
                    break
                continue
            seen.add(line.custom_id)
            models.add(line.model)
            inputs += _inputs_of(line.body) if path == "/v1/embeddings" else 0
    except InvalidError as error:  # a line that is too long: nobody knows where the next one begins
        errors.append(_told(error))
    if not total and not errors:
        errors.append(BatchError(code="empty_file", message="The input file is empty: write one request a line."))
    if inputs > MOST_INPUTS:
        errors.append(
            BatchError(
                code="too_many_inputs",
                message=f"The lines have {inputs} inputs, and a batch of embeddings may have {MOST_INPUTS}: cut it up.",
            )
        )
    return Checked(total=total, model=models.pop() if len(models) == 1 else "", errors=tuple(errors))


def read_lines(stream: BinaryIO, path: str) -> Iterator[Line]:
    """The requests of a file that was checked."""
    for number, data in lines(stream):
        yield read_line(number, data, path)


def read_line(number: int, data: bytes, path: str) -> Line:
    """One request. Raises InvalidError with its number."""
    fields = parse_line(number, data)
    texts = {name: _decoded(fields, name) for name in ("custom_id", "method", "url")}
    for name, value in texts.items():
        if value is None:
            raise _problem(number, "missing_required_parameter", f"has no '{name}'", name)
        if not isinstance(value, str):
            raise _problem(number, "invalid_type", f"has a '{name}' that is no string", name)
    custom_id, method, url = texts["custom_id"], texts["method"], texts["url"]
    if not custom_id or len(custom_id) > LONGEST_ID or "\0" in custom_id:
        raise _problem(
            number, "invalid_custom_id", f"has a custom_id that is empty, longer than {LONGEST_ID}, or has a NUL"
        )
    if method != "POST":
        raise _problem(number, "invalid_method", f"has the method {method[:20]!r}: only POST runs in batches", "method")
    if full_path(url) != path:
        raise _problem(
            number,
            "mismatched_endpoint",
            f"asks for {url[:100]!r}, and the batch is for {path!r}: make one each",
            "url",
        )
    raw = fields.get("body")
    body = _body(raw)
    if raw is None or body is None:
        raise _problem(number, "invalid_type", "has no 'body' that is a JSON object", "body")
    model = body.get("model")
    streamed = bytes(body.get("stream", b"")) in _TRUTH
    name = msgspec.json.decode(model) if model is not None else ""
    return Line(
        number=number,
        custom_id=custom_id,
        body=bytes(raw),
        model=name if isinstance(name, str) else "",
        stream=streamed,
    )


def _body(raw: msgspec.Raw | None) -> dict[str, msgspec.Raw] | None:
    try:
        return None if raw is None else msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return None


def _decoded(fields: dict[str, msgspec.Raw], name: str) -> Any:
    raw = fields.get(name)
    return None if raw is None else msgspec.json.decode(raw)


def _inputs_of(body: bytes) -> int:
    found = msgspec.json.decode(body, type=dict[str, Any]).get("input")
    if isinstance(found, list) and found and not isinstance(found[0], int):
        return len(found)
    return 1


def _problem(number: int, code: str, problem: str, param: str | None = None) -> InvalidError:
    return InvalidError(f"Line {number} {problem}.", param=param, code=code, line=number)


def _wrong(number: int, code: str, message: str) -> BatchError:
    return BatchError(code=code, message=f"{message}.", line=number)


def _told(error: InvalidError) -> BatchError:
    code = "invalid_json_line" if error.code == "invalid_jsonl" else error.code or "invalid_line"
    param = None if error.param == "file" else error.param
    return BatchError(code=code, message=error.message, param=param, line=error.line or None)
