"""Answers that must have a form: JSON schemas and forced tool calls, by llguidance on our logits."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from numpy.typing import NDArray

from pleiade.engines.text_openvino.answers.tokenizer import TextTokenizer
from pleiade.engines.text_openvino.answers.tools import CLOSE, OPEN, ToolChoice
from pleiade.engines.wire.errors import invalid
from pleiade.engines.wire.requests import ResponseFormat

# At most one space between the parts of a JSON text: a small model left free fills its answer with white space.
JSON_STYLE = {"whitespace_pattern": " ?"}
ANY_OBJECT: dict[str, Any] = {"type": "object"}


class Grammar:
    """A `Constraint` (see generation.py) on one sequence."""

    __slots__ = ("_bits", "_fresh", "_matcher", "_vocabulary")

    def __init__(self, matcher: LLMatcher, vocabulary: int) -> None:
        self._fresh = matcher
        self._matcher = matcher.deep_copy()
        self._vocabulary = vocabulary
        self._bits = allocate_token_bitmask(1, vocabulary)

    def mask(self, logits: NDArray[np.float32]) -> None:
        """Set forbidden tokens' logits to -inf, in place. Raises ValueError where the grammar got too complex."""
        fill_next_token_bitmask(self._matcher, self._bits)
        if self._matcher.is_error():
            raise ValueError(f"the grammar failed: {self._matcher.get_error()}")
        allowed = np.unpackbits(self._bits.view(np.uint8)[0], count=self._vocabulary, bitorder="little")
        size = min(self._vocabulary, logits.shape[-1])
        np.putmask(logits[:size], allowed[:size] == 0, -np.inf)
        logits[size:] = -np.inf

    def accept(self, token: int) -> bool:
        """Advance by the sampled token; True once nothing may follow."""
        if not self._matcher.consume_token(token):
            return True
        return bool(self._matcher.is_stopped())

    def fork(self) -> "Grammar":
        """The same grammar at its beginning."""
        return Grammar(self._fresh, self._vocabulary)


class GrammarCompiler:
    """Compiles requests' schemas. The tokenizer's table is made at the first use: it takes a second for a large one."""

    def __init__(self, tokenizer: TextTokenizer, vocabulary: int) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._table: LLTokenizer | None = None
        self._making = threading.Lock()

    def for_format(self, format: ResponseFormat) -> Grammar | None:
        """The grammar of a `response_format`; None for plain text. Raises ApiError 400 for an unusable schema."""
        if format.type == "text":
            return None
        if format.type == "json_object":
            return self._compile(_json_grammar(ANY_OBJECT, strict=False), "response_format")
        if format.type != "json_schema":
            raise invalid(
                f"Invalid value: '{format.type}'. Supported values are: 'text', 'json_object', and 'json_schema'.",
                "response_format.type",
            )
        if format.json_schema is None:
            field = "response_format.json_schema"
            raise invalid(f"Missing required parameter: '{field}'.", field, "missing_required_parameter")
        schema = format.json_schema.schema
        grammar = _json_grammar(ANY_OBJECT if schema is None else schema, strict=bool(format.json_schema.strict))
        return self._compile(grammar, "response_format.json_schema.schema")

    def for_tools(self, choice: ToolChoice) -> Grammar | None:
        """The grammar of an answer that must be tool calls; None where the model is free not to call."""
        if not choice.must_call:
            return None
        lines = ["start: call" + (' ("\\n" call)*' if choice.parallel else "")]
        names = []
        for place, function in enumerate(choice.callable):
            opening = json.dumps(f'{{"name": {json.dumps(function.name)}, "arguments": ')
            schema = {**(function.parameters or ANY_OBJECT), "x-guidance": _options(bool(function.strict))}
            names.append(f"f{place}")
            lines.append(f'f{place}: {opening} a{place} "}}"')
            lines.append(f"a{place}: %json {json.dumps(schema)}")
        lines.append(f'call: {self._literal(OPEN)} "\\n" ({" | ".join(names)}) "\\n" {self._literal(CLOSE)}')
        return self._compile(LLMatcher.grammar_from_lark("\n".join(lines)), "tools")

    def _literal(self, mark: str) -> str:
        """A mark in Lark: by its id where it is one token, else spelled."""
        number = self._tokenizer.id_of(mark)
        return f"<[{number}]>" if number is not None else json.dumps(mark)

    def _compile(self, grammar: str, param: str) -> Grammar:
        table = self._ready_table()
        matcher = LLMatcher(table, grammar, log_level=0)
        if matcher.is_error():
            problem = matcher.get_error().split("\n")[0]
            raise invalid(f"Invalid schema for '{param}': {problem}", param)
        return Grammar(matcher, self._vocabulary)

    def _ready_table(self) -> LLTokenizer:
        with self._making:
            if self._table is None:
                ends: Sequence[int] = sorted(self._tokenizer.end_ids)
                self._table = LLTokenizer(
                    self._tokenizer.definition, n_vocab=self._vocabulary, eos_token=list(ends) or None
                )
            return self._table


def _json_grammar(schema: Mapping[str, Any], *, strict: bool) -> str:
    grammar: str = LLMatcher.grammar_from_json_schema(dict(schema), overrides=_options(strict))
    return grammar


def _options(strict: bool) -> dict[str, Any]:
    """`strict` refuses what cannot be enforced; otherwise such keywords are ignored."""
    return {**JSON_STYLE, "lenient": not strict}
