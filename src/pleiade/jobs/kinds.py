"""The kinds of jobs that the runner knows. A new kind is one line here."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from pleiade.evals.job import give_up_eval, run_eval
from pleiade.evals.running import KIND as EVAL
from pleiade.finetuning.kinds import give_up_files, give_up_training, run_files, run_training
from pleiade.finetuning.work import FILES_KIND as TUNING_FILES
from pleiade.finetuning.work import KIND as TUNING
from pleiade.jobs.batch.nouns import KIND as BATCH
from pleiade.jobs.batch.run import give_up_batch, run_batch
from pleiade.jobs.bench import Bench
from pleiade.jobs.queue import Job
from pleiade.lessons.gate import KIND as LESSON
from pleiade.lessons.job import give_up_lesson, run_lesson

Run = Callable[[Job, Bench, asyncio.Event], Awaitable[bool]]
"""Runs a job to its end, or until the event is set: the job shall stop, or the runner ends; whether it is over.

A `JobError` of `pleiade.jobs.queue` is the reason why it failed; anything else lets it be tried again, not for ever.
"""

GiveUp = Callable[[Job, Bench, str], Awaitable[None]]
"""Tells whoever asked for the work, by the sentence given, that it has failed."""

KINDS: Mapping[str, Run] = {
    BATCH: run_batch,
    EVAL: run_eval,
    LESSON: run_lesson,
    TUNING_FILES: run_files,
    TUNING: run_training,
}
# Of one kind; another kind's jobs do not count.
MOST_AT_ONCE: Mapping[str, int] = {BATCH: 2, EVAL: 2, LESSON: 8, TUNING_FILES: 4}
GIVE_UPS: Mapping[str, GiveUp] = {
    BATCH: give_up_batch,
    EVAL: give_up_eval,
    LESSON: give_up_lesson,
    TUNING_FILES: give_up_files,
    TUNING: give_up_training,
}
