"""The gate: one eval, run on the model that serves and on the candidate, and one figure for each of them."""

import time
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import Principal
from pleiade.evals import records as evals
from pleiade.evals.checks import check_config
from pleiade.evals.job import enqueue_run
from pleiade.evals.nouns import Eval, EvalItem, EvalRun
from pleiade.evals.records import Listing, new_id
from pleiade.lessons.errors import InvalidError
from pleiade.lessons.nouns import Kind, Lesson

KIND = "lesson"  # of the job that follows one
WISHED, REJECTED = "like the wished answer", "like the rejected answer"
MOST_ANSWER_TOKENS = 256
MOST_ITEMS = 10_000
_ITEM = {
    "type": "object",
    "properties": {"messages": {"type": "array"}, "wished": {"type": "string"}, "rejected": {"type": "string"}},
    "required": ["messages", "wished", "rejected"],
}


def make_eval(lesson: Lesson) -> Eval:
    """The eval of the examples that were kept aside: how alike an answer is to the wished one, and to the other."""
    graders = [(WISHED, "{{item.wished}}")]
    if lesson.kind == "preference":
        graders.append((REJECTED, "{{item.rejected}}"))
    return Eval(
        id=new_id("eval_"),
        created_at=int(time.time()),
        name=f"Gate of {lesson.id}",
        data_source_config=check_config({"type": "custom", "item_schema": _ITEM, "include_sample_schema": True}),
        testing_criteria=[
            {
                "type": "text_similarity",
                "name": name,
                "input": "{{sample.output_text}}",
                "reference": reference,
                "evaluation_metric": "fuzzy_match",
                "pass_threshold": 0.5,
            }
            for name, reference in graders
        ],
        metadata={"lesson": lesson.id},
    )


def source_of(file: str) -> dict[str, Any]:
    """The data source of its runs: the file of what was kept aside, each question answered without chance."""
    return {
        "type": "completions",
        "source": {"type": "file_id", "id": file},
        "input_messages": {"type": "item_reference", "item_reference": "item.messages"},
        "sampling_params": {"temperature": 0, "seed": 1, "max_completion_tokens": MOST_ANSWER_TOKENS},
    }


def run_to_repeat(connection: sa.Connection, project: str, identifier: str) -> EvalRun:
    """The latest run of an eval that asked a model. Raises InvalidError where there is none, NotFoundError."""
    wanted = Listing(limit=100, descending=True, status="completed")
    runs, _ = evals.list_runs(connection, project, identifier, wanted)
    for run in runs:
        if run.model:
            return run
    raise InvalidError(
        f"Invalid 'gate': {identifier} has no completed run that asked a deployment: run it once, and it is run "
        "again on both models.",
        "gate",
    )


def begin(
    connection: sa.Connection,
    principal: Principal,
    of: str,
    source: dict[str, Any],
    model: str,
    name: str,
    embedder: str,
) -> str:
    """Queue one run of the eval `of` on `model`; its id. `embedder`: a deployment for graders that compare meanings."""
    identifier = new_id("evalrun_")
    run = EvalRun(
        id=identifier,
        eval_id=of,
        created_at=int(time.time()),
        name=name,
        model=model,
        data_source={**source, "model": model},
        report_url=f"/console/evals/{of}?run={identifier}",
        metadata={},
    )
    enqueue_run(connection, principal, embedder, run)
    return identifier


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of the gate came to."""

    figure: float  # 0 to 1
    rows: int
    answers: tuple[str, ...]


def outcome_of(connection: sa.Connection, run: EvalRun, kind: Kind, *, own: bool) -> Outcome:
    """`own`: the eval is one of ours, and its figure is how near answers are to what was wished.

    Of preferences: the share of answers that are nearer to the wished than to the rejected one, half of those that are
    as near to both. Of corrections: how alike answers are to them. Of another eval: the share of rows that pass.
    """
    items, _ = evals.list_items(connection, run.id, Listing(limit=MOST_ITEMS))
    values = [_worth(item, kind) if own else float(item.status == "pass") for item in items]
    answers = tuple(
        str(turn["content"]) for item in items for turn in item.sample.get("output") or () if turn.get("content")
    )
    return Outcome(figure=sum(values) / len(values) if values else 0.0, rows=len(values), answers=answers)


def _worth(item: EvalItem, kind: Kind) -> float:
    scores = {result["name"]: float(result["score"]) for result in item.results}
    if item.status == "error" or WISHED not in scores:
        return 0.0
    if kind == "sft":
        return scores[WISHED]
    wished, rejected = scores[WISHED], scores.get(REJECTED, 0.0)
    return 1.0 if wished > rejected else 0.5 if wished == rejected else 0.0
