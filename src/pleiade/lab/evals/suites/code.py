"""MBPP-style Python functions, written from signature and docstring, judged by their tests in the sandbox."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pleiade.lab.evals.scorer import EvalError, Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite, rows_of, share
from pleiade.sandbox.run import run_tests, why_not_isolated

MAX_TOKENS = 192
STOP = ("\ndef ", "\nclass ", "\nif ", "\nprint", "\n#", "\nassert", "\n@", "\nimport ", "\nfrom ", "\n```")


def load(setting: Setting) -> list[Item]:
    """Tasks 11-600 of eval/mbxp, Python."""
    return [Item(row["task_id"], "python", row) for row in rows_of(setting, "eval/mbxp", "python.jsonl*")]


def prepare(setting: Setting) -> Prepared:
    """Find out whether code can be run safely. Raises EvalError where it cannot and nobody said to run it anyway."""
    reason = why_not_isolated()
    if reason is not None and not setting.unsafe_code:
        raise EvalError(
            f"mbpp runs code that the model wrote, and this machine cannot isolate it: {reason}; or, on a machine made "
            "for this, where nothing can be lost or told, give --unsafe-code"
        )
    note = "in a sandbox without network, files or programs" if reason is None else "WITHOUT isolation (--unsafe-code)"
    return Prepared(partial(measure, reason is None), f"code ran {note}")


def measure(isolated: bool, scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """The verdict on each completion."""
    bodies = scorer.complete([item.fields["prompt"].lstrip("\n") for item in items], MAX_TOKENS, STOP)

    def verdict(item: Item, body: str) -> Result:
        code = item.fields["prompt"] + body
        judged = run_tests(code, item.fields["test"], item.fields["entry_point"], isolated=isolated)
        return {
            "id": item.id,
            "group": item.group,
            "completion": body,
            "outcome": judged.outcome,
            "detail": judged.detail,
            "syntax": parses(code),
        }

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(verdict, items, bodies))


def parses(code: str) -> bool:
    """Whether `code` is Python by its grammar; nothing is run."""
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def summarise(results: Sequence[Result]) -> list[Number]:
    """pass@1, and how many are at least Python."""
    return [
        share("pass@1", [row["outcome"] == "passed" for row in results], "python"),
        share("valid syntax", [row["syntax"] for row in results], "python"),
    ]


SUITE = Suite(
    "mbpp",
    "MBPP (MBXP)",
    "Tasks 11-600; 0-shot from signature and docstring, whose examples are also among the tests; one greedy completion "
    f"of at most {MAX_TOKENS} tokens, cut where the function ends; passed if all tests pass within 10 s, with the "
    "standard library only.",
    load,
    prepare,
    summarise,
    batch=8,
)
