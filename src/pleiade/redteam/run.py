"""One run: items are asked, some at once; what comes of each is kept as soon as it is known."""

import asyncio
from collections.abc import Callable, Sequence

from pleiade.redteam.asking import NoAnswerError, Target, TargetError
from pleiade.redteam.outcomes import Outcome, outcome_of, text_to_judge
from pleiade.redteam.plan import Item
from pleiade.redteam.records import Record, Records

KEPT = 2000  # characters of an answer
MOST_LOST = 5  # questions in a row without an answer: then the server has gone


async def run(
    target: Target, items: Sequence[Item], records: Records, at_once: int, show: Callable[[int, int], None]
) -> list[str]:
    """Ask what is not known yet; why items had no answer. These are asked again by the next run.

    `show` gets how many are known, of how many. Raises TargetError, OSError.
    """
    waiting = [item for item in items if item.key not in records.known]
    lost: list[str] = []
    in_a_row = 0
    show(len(records.known), len(items))
    try:
        await target.scores("hello")  # a judge that is not there is heard of before anything is paid
    except NoAnswerError as error:
        raise TargetError(str(error)) from error

    async def work() -> None:
        nonlocal in_a_row
        while waiting:
            item = waiting.pop(0)
            try:
                records.add(await ask(target, item))
                in_a_row = 0
            except NoAnswerError as error:
                lost.append(str(error))
                in_a_row += 1
                if in_a_row >= MOST_LOST:
                    raise TargetError(f"{in_a_row} questions in a row had no answer, the last one: {error}") from error
            show(len(records.known), len(items))

    tasks = [asyncio.create_task(work()) for _ in range(at_once)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return lost


async def ask(target: Target, item: Item) -> Record:
    """A conversation to its end, or until the filter ends it or it leaks. Raises TargetError, NoAnswerError."""
    probe = item.probe
    messages = [{"role": "system", "content": probe.system}] if probe.system else []
    outcome, why, text = Outcome.NEUTRAL, "", ""
    for turn in item.turns:
        messages.append({"role": "user", "content": turn})
        reply = await target.chat(messages)
        judged = text_to_judge(reply)
        scores = await target.scores(judged) if judged.strip() else {}
        outcome, why = outcome_of(probe, reply, scores)
        text = reply.refusal or reply.text
        if outcome in (Outcome.FILTERED, Outcome.LEAKED):
            break
        messages.append({"role": "assistant", "content": reply.text})
    return Record(
        key=item.key,
        category=probe.category,
        language=probe.language,
        disguise=item.disguise,
        outcome=outcome,
        why=why,
        answer=text[:KEPT],
    )
