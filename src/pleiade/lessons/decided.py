"""A person's decision about a lesson: written down here, carried out by the runner of jobs within a second."""

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor
from pleiade.lessons import records
from pleiade.lessons.errors import InvalidError
from pleiade.lessons.nouns import OVER, Lesson, Wish
from pleiade.lessons.trying import require_unchanged
from pleiade.registry import RegistryError, get_deployment
from pleiade.store import reading, unit_of_work


def decide(db: sa.Engine, organisation: str, identifier: str, wish: Wish, actor: Actor) -> Lesson:
    """Promote a lesson, or roll it back. Raises NotFoundError, InvalidError where that cannot be now."""
    with reading(db) as connection:
        lesson = records.find(connection, organisation, identifier).lesson
    if lesson.state in OVER:
        raise InvalidError(f"{identifier} is {lesson.state.replace('_', ' ')}: it is over.", code="lesson_is_over")
    if wish == "promote":
        if lesson.state not in ("canary", "waiting"):
            raise InvalidError(
                f"{identifier} is in its state {lesson.state}: its candidate has not passed the gate yet.",
                code="too_early",
            )
        try:
            require_unchanged(get_deployment(db, lesson.deployment).model, lesson)
        except RegistryError as error:
            raise InvalidError(f"{error}.", code="deployment_changed") from error
    with unit_of_work(db) as connection:
        if not records.decide(connection, identifier, wish):
            raise InvalidError(f"It was decided about {identifier} a moment ago.", code="decided")
        stored = records.find(connection, organisation, identifier)
        plan = msgspec.structs.replace(stored.plan, decider=msgspec.to_builtins(actor))
        by = actor.user or actor.key
        reason = "It is being promoted, as somebody decided." if wish == "promote" else "Somebody rolled it back."
        return records.change(connection, identifier, plan=plan, decided_by=by, reason=reason)
