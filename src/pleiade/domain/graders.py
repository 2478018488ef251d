"""Graders in OpenAI's form: what an answer is worth, computed from the answer and its example's reference fields.

Pure kinds are computed here (`string_check`, `text_similarity`, `multi`). A `python` grader is checked here and run by
whoever can run foreign code safely. Graders that ask a model are refused with what to use instead.
"""

from __future__ import annotations

import ast
import operator
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

OPERATIONS: dict[str, Callable[[str, str], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "like": lambda text, reference: reference in text,
    "ilike": lambda text, reference: reference.casefold() in text.casefold(),
}
METRICS = ("fuzzy_match", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l")
FIELDS = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
ARITHMETIC: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}
FUNCTIONS: dict[str, Callable[..., float]] = {"min": min, "max": max, "abs": abs}

Grader = Mapping[str, Any]
PythonRun = Callable[[str, Mapping[str, Any], Mapping[str, Any]], float]  # source, sample, item


class GraderError(ValueError):
    """What is wrong with a grader, or with the example that it reads."""


def check_grader(value: Any, where: str = "grader") -> Grader:
    """`value` if it is a grader that can be computed. Raises GraderError that names the field at fault."""
    if not isinstance(value, dict):
        raise GraderError(f"{where} must be a JSON object with a type")
    match value.get("type"):
        case "string_check":
            _require(value, where, "input", "reference")
            if value.get("operation") not in OPERATIONS:
                raise GraderError(f"{where}.operation must be one of {', '.join(OPERATIONS)}")
        case "text_similarity":
            _require(value, where, "input", "reference")
            if value.get("evaluation_metric") not in METRICS:
                raise GraderError(f"{where}.evaluation_metric must be one of {', '.join(METRICS)}")
        case "python":
            _require(value, where, "source")
            if "def grade(" not in value["source"]:
                raise GraderError(f"{where}.source must define grade(sample, item) and return a number")
        case "multi":
            parts = value.get("graders")
            if not isinstance(parts, dict) or not parts:
                raise GraderError(f"{where}.graders must be an object of named graders")
            for name, part in parts.items():
                check_grader(part, f"{where}.graders.{name}")
            _require(value, where, "calculate_output")
            calculate(value["calculate_output"], dict.fromkeys(parts, 0.5))
        case "score_model" | "label_model":
            raise GraderError(f"{where} asks a model, which cannot be done here: train a reward model and give that")
        case other:
            raise GraderError(f"{where}.type is {other!r}: use string_check, text_similarity, python or multi")
    return value


def grade(grader: Grader, answer: str, item: Mapping[str, Any], run_python: PythonRun | None = None) -> float:
    """What `answer` is worth beside the fields of `item`. Raises GraderError for a field that `item` lacks."""
    sample = {"output_text": answer, "output_json": _parsed(answer)}
    match grader["type"]:
        case "multi":
            parts = {name: grade(part, answer, item, run_python) for name, part in grader["graders"].items()}
            return calculate(grader["calculate_output"], parts)
        case "python":
            if run_python is None:
                raise GraderError("a python grader cannot be run here")
            return run_python(grader["source"], sample, item)
        case kind:
            text, reference = (_filled(grader[name], sample, item) for name in ("input", "reference"))
            if kind == "string_check":
                return float(OPERATIONS[grader["operation"]](text, reference))
            return similarity(text, reference, grader["evaluation_metric"])


def similarity(text: str, reference: str, metric: str) -> float:
    """0 to 1: `fuzzy_match` = 2 LCS / (|a| + |b|) of letters, `rouge_l` the same of words, `rouge_N` F1 of N-grams."""
    if metric in ("fuzzy_match", "rouge_l"):
        a, b = (text, reference) if metric == "fuzzy_match" else (_words(text), _words(reference))
        return 2 * _longest_common(a, b) / (len(a) + len(b)) if a or b else 1.0
    n = int(metric.removeprefix("rouge_"))
    left, right = (
        Counter(zip(*(words[i:] for i in range(n)), strict=False)) for words in map(_words, (text, reference))
    )
    shared, total = (left & right).total(), left.total() + right.total()
    return 2 * shared / total if total else 0.0


def calculate(expression: str, values: Mapping[str, float]) -> float:
    """Arithmetic over named grades: + - * / **, min, max, abs. Raises GraderError for anything else."""
    try:
        return float(_value(ast.parse(expression, mode="eval").body, values))
    except (SyntaxError, ZeroDivisionError, OverflowError, RecursionError, TypeError) as error:
        raise GraderError(f"calculate_output {expression!r} cannot be computed ({error})") from error


def _value(node: ast.AST, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in ARITHMETIC:
            return ARITHMETIC[type(sign)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS and arguments:
            return FUNCTIONS[name](*(_value(argument, values) for argument in arguments))
    known = ", ".join(values)
    raise GraderError(f"calculate_output may hold numbers, the graders' names ({known}), + - * / **, min, max, abs")


def _require(value: Mapping[str, Any], where: str, *names: str) -> None:
    for name in names:
        if not isinstance(value.get(name), str):
            raise GraderError(f"{where}.{name} must be a string")


def _filled(template: str, sample: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """`template` with {{sample.…}} and {{item.…}} replaced; what the answer's JSON lacks is empty."""

    def replace(match: re.Match[str]) -> str:
        first, *path = match[1].split(".")
        value: Any = {"sample": sample, "item": item}.get(first)
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None and first != "sample":
            raise GraderError(f"the grader reads {match[1]}, which the example does not have")
        return value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()

    return FIELDS.sub(replace, template)


def _parsed(answer: str) -> Any:
    try:
        return msgspec.json.decode(answer)
    except (ValueError, RecursionError):
        return None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence, a row of the table in one integer (Hyyrö, 2004)."""
    places: dict[str, int] = {}
    for place, symbol in enumerate(a):
        places[symbol] = places.get(symbol, 0) | 1 << place
    everything = (1 << len(a)) - 1
    row = everything
    for symbol in b:
        hit = row & places.get(symbol, 0)
        row = ((row + hit) | (row - hit)) & everything
    return len(a) - row.bit_count()
