"""A run from its first row to its sums: what is graded is written down row by row, so that others can go on from there.

Rows that are there already are neither asked nor graded again.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa

from pleiade.domain.graders.errors import GraderError
from pleiade.domain.graders.grade import Means
from pleiade.evals import records
from pleiade.evals.asking import as_sample, chat_body, shown_messages, stored_sample
from pleiade.evals.grading import Usage, add_usage, grade_row, summed
from pleiade.evals.nouns import Eval, EvalApiError, EvalItem, EvalRun, ItemStatus, RunStatus
from pleiade.evals.rows import Row, rows_of
from pleiade.files.contents import Contents
from pleiade.files.errors import InvalidError, NotFoundError
from pleiade.sandbox.run import SandboxError, call_each
from pleiade.store import reading, unit_of_work
from pleiade.store.object_storage import ObjectsError

KIND = "eval_run"  # of its job
AT_ONCE = 4  # rows in work: enough to fill an engine's batch, too few to crowd out people
TELL_S = 1.0  # between two tellings of how far a run is


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """A model's call was answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Ask(Protocol):
    """Calls of the public API on behalf of whoever created the run."""

    async def __call__(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a POST. Raises Refused; what is raised otherwise ends the attempt, and another one goes on."""
        ...


class Runner:
    """One attempt at a run."""

    def __init__(self, db: sa.Engine, contents: Contents, project: str, ask: Ask, embedder: str = "") -> None:
        self._db = db
        self._contents = contents
        self._project = project
        self._ask = ask
        self._embedder = embedder
        self._graders = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="grader")

    async def run(self, identifier: str) -> None:
        """Grade the rows that are left, and sum up. Ends at once where the run is over or was deleted.

        Raises StoreError, and what `ask` raises that is no answer: then the run goes on later.
        """
        found = await asyncio.to_thread(self._find, identifier)
        if found is None or records.is_over(found[0].status):
            return
        run, of = found
        run = msgspec.structs.replace(run, status="in_progress")
        if not await self._tell(run):
            return
        try:
            await self._grade_all(run, of)
        except (InvalidError, NotFoundError, ObjectsError, SandboxError) as error:
            code = getattr(error, "code", None) or "invalid_data_source"
            await self._tell(msgspec.structs.replace(run, status="failed", error=EvalApiError(code, str(error))))
        else:
            await self._tell(await asyncio.to_thread(self._with_sums, run, of, "completed"))

    async def _grade_all(self, run: EvalRun, of: Eval) -> None:
        done = await asyncio.to_thread(self._done, run.id)
        rows = enumerate(rows_of(self._db, self._contents, self._project, of, run.data_source["source"]))
        told_at, working = time.monotonic(), set[asyncio.Task[None]]()
        try:
            while (numbered := await asyncio.to_thread(_next, rows)) is not None:
                number, row = numbered
                if number in done:
                    continue
                working.add(asyncio.create_task(self._one(run, of, number, row)))
                if len(working) >= AT_ONCE:
                    working = await _some_of(working)
                if time.monotonic() - told_at > TELL_S:
                    told_at = time.monotonic()
                    if not await self._tell(await asyncio.to_thread(self._with_sums, run, of, "in_progress")):
                        return  # cancelled, or deleted
            while working:
                working = await _some_of(working)
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            self._graders.shutdown(wait=False, cancel_futures=True)

    async def _one(self, run: EvalRun, of: Eval, number: int, row: Row) -> None:
        """Ask where the run asks, grade, and write down what came of it."""
        usage: Usage = {}
        body: dict[str, Any] = {}
        fault: EvalApiError | None = None
        sample = stored_sample(row)
        if run.model:
            try:
                body = chat_body(run.data_source, row)
                completion = await self._ask("/v1/chat/completions", body)
                add_usage(usage, completion["model"], completion.get("usage"))
                sample = as_sample(completion)
            except (Refused, GraderError) as error:
                fault = EvalApiError("sampling_failed", str(error))
        status: ItemStatus = "error"
        results: list[dict[str, Any]] = []
        if fault is None:
            # Threads of its own: graders wait in them for answers, which may need the common ones.
            grading = partial(grade_row, of.testing_criteria, row.item, sample, self._means(usage))
            status, results = await asyncio.get_running_loop().run_in_executor(self._graders, grading)
        item = EvalItem(
            id=records.new_id("outputitem_"),
            eval_id=of.id,
            run_id=run.id,
            created_at=int(time.time()),
            status=status,
            datasource_item_id=number,
            datasource_item=row.item,
            results=results,
            sample=_shown(run, body, sample, usage, fault),
        )
        await asyncio.to_thread(self._keep, item, usage)

    def _means(self, usage: Usage) -> Means:
        """What graders may call from the thread in which they run."""
        loop = asyncio.get_running_loop()

        def asked(path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
            try:
                told: Mapping[str, Any] = asyncio.run_coroutine_threadsafe(_of(self._ask(path, body)), loop).result()
                return told
            except Refused as error:
                raise GraderError(f"{body['model']} answered {error.status}: {error}") from error

        def ask(body: dict[str, Any]) -> str:
            completion = asked("/v1/chat/completions", body)
            add_usage(usage, completion["model"], completion.get("usage"))
            return completion["choices"][0]["message"].get("content") or ""

        def embed(texts: Sequence[str]) -> list[list[float]]:
            if not self._embedder:
                raise GraderError("cosine needs a deployment that embeds, and there is none")
            told = asked("/v1/embeddings", {"model": self._embedder, "input": list(texts)})
            add_usage(usage, self._embedder, told.get("usage"))
            return [one["embedding"] for one in told["data"]]

        return Means(run_python=run_python, ask=ask, embed=embed)

    def _find(self, identifier: str) -> tuple[EvalRun, Eval] | None:
        with reading(self._db) as connection:
            return records.run_of(connection, identifier)

    def _done(self, identifier: str) -> set[int]:
        with reading(self._db) as connection:
            return records.numbers_done(connection, identifier)

    def _keep(self, item: EvalItem, usage: Usage) -> None:
        with unit_of_work(self._db) as connection:
            records.insert_item(connection, item, usage)

    def _with_sums(self, run: EvalRun, of: Eval, status: RunStatus) -> EvalRun:
        with reading(self._db) as connection:
            counts, criteria, usage = summed(of.testing_criteria, records.items_of(connection, run.id))
        return msgspec.structs.replace(
            run, status=status, result_counts=counts, per_testing_criteria_results=criteria, per_model_usage=usage
        )

    async def _tell(self, run: EvalRun) -> bool:
        """Write down how far the run is; False where it is over meanwhile."""
        return await asyncio.to_thread(self._update, run)

    def _update(self, run: EvalRun) -> bool:
        with unit_of_work(self._db) as connection:
            return records.update_run(connection, run)


def run_python(source: str, sample: Mapping[str, Any], item: Mapping[str, Any]) -> float:
    """`grade(sample, item)` of `source` in the sandbox. Raises GraderError where it fails, loops or gives no number."""
    (answer,) = call_each(source, "grade", [((dict(sample), dict(item)), {})])
    if answer.error:
        raise GraderError(f"grade() failed: {answer.error}")
    if isinstance(answer.value, bool | int | float) and math.isfinite(answer.value):
        return float(answer.value)
    raise GraderError(f"grade() gave {str(answer.value)[:80]!r}, which is no number")


async def _of(awaited: Awaitable[Any]) -> Any:
    return await awaited


async def _some_of(working: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Wait for one at least; what it raises is raised."""
    done, left = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    return left


def _next(rows: Iterator[tuple[int, Row]]) -> tuple[int, Row] | None:
    return next(rows, None)


def _shown(
    run: EvalRun, body: Mapping[str, Any], sample: Mapping[str, Any], usage: Usage, fault: EvalApiError | None
) -> dict[str, Any]:
    """The sample as an item shows it (EvalRunOutputItemSample)."""
    choices = sample.get("choices") or [{}]
    output = [{"role": "assistant", "content": sample.get("output_text") or ""}] if fault is None else []
    of_model = usage.get(str(sample.get("model") or run.model), {})
    counted = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens")
    return {
        "input": shown_messages(body) if body else [],
        "output": output,
        "model": str(sample.get("model") or run.model),
        "finish_reason": str(choices[0].get("finish_reason") or ""),
        "usage": {name: of_model.get(name, 0) for name in counted},
        "temperature": body.get("temperature", 1.0),
        "top_p": body.get("top_p", 1.0),
        "seed": body.get("seed"),
        "max_completion_tokens": body.get("max_completion_tokens"),
        "error": fault,
    }
