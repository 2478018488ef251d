"""IFEval: instructions that a program can check."""

from __future__ import annotations

from collections.abc import Sequence

from pleiade.lab.evals.scorer import Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite, rows_of, share
from pleiade.lab.evals.suites.checkers import can_check, followed

MAX_TOKENS = 512


def _pairs(row: dict[str, object]) -> list[tuple[str, dict[str, object]]]:
    names, arguments = row["instruction_id_list"], row["kwargs"]
    assert isinstance(names, list)
    assert isinstance(arguments, list)
    return list(zip(names, arguments, strict=True))


def load(setting: Setting) -> list[Item]:
    """The prompts of eval/ifeval of which at least one instruction can be checked."""
    items = []
    for row in rows_of(setting, "eval/ifeval"):
        known = [pair for pair in _pairs(row) if can_check(*pair)]
        if known:
            fields = {"prompt": row["prompt"], "instructions": known}
            items.append(Item(str(row["key"]), known[0][0], fields))
    return items


def prepare(setting: Setting) -> Prepared:
    """Count what is left out."""
    every = [pair for row in rows_of(setting, "eval/ifeval") for pair in _pairs(row)]
    left_out = sum(not can_check(*pair) for pair in every)
    return Prepared(
        measure,
        f"{left_out} of {len(every)} instructions are left out: answers in a language that its script does not tell",
    )


def measure(scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """Which instructions each answer follows."""
    answers = scorer.chat([[{"role": "user", "content": item.fields["prompt"]}] for item in items], MAX_TOKENS)
    return [
        {
            "id": item.id,
            "group": item.group,
            "answer": answer,
            "followed": [followed(name, arguments, answer) for name, arguments in item.fields["instructions"]],
        }
        for item, answer in zip(items, answers, strict=True)
    ]


def summarise(results: Sequence[Result]) -> list[Number]:
    """Strict accuracy by prompt (all of its instructions) and by instruction."""
    return [
        share("prompts, all instructions", [all(row["followed"]) for row in results], "en"),
        share("instructions", [mark for row in results for mark in row["followed"]], "en"),
    ]


SUITE = Suite(
    "ifeval",
    "Instruction following (IFEval)",
    f"0-shot chat, greedy, at most {MAX_TOKENS} tokens; strict checks on the whole answer, written anew here from the "
    "instructions' definitions (sentences by end marks, no tagger), so figures may differ a little from the original.",
    load,
    prepare,
    summarise,
    batch=8,
)
