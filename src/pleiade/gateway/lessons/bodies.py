"""What clients send to the routes of lessons, and what they get."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from pleiade.lessons.nouns import Kind

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[int, Meta(ge=0, lt=2**40)]  # Unix seconds: ratings from then on


class LessonPreview(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From whose answers, and for what kind of training."""

    deployment: Name
    kind: Kind = "preference"
    project: Annotated[str, Meta(max_length=64)] | None = None  # whose ratings; by default the caller's own project
    since: Moment = 0


class NewLesson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lesson to begin."""

    deployment: Name
    kind: Kind = "preference"
    project: Annotated[str, Meta(max_length=64)] | None = None
    since: Moment = 0
    gate: Annotated[str, Meta(max_length=64)] | None = None  # an eval that was run before, or a file of examples
    percent: Annotated[int, Meta(ge=0, le=100)] = 20
    margin: Annotated[float, Meta(ge=0, le=1)] = 0.02
    ratings: Annotated[int, Meta(ge=1, le=1_000_000)] = 20
    hyperparameters: dict[str, Any] = {}
    suffix: Annotated[str, Meta(max_length=64)] = ""
    seed: Annotated[int, Meta(ge=0, lt=2**31)] | None = None


class LessonExamples(msgspec.Struct, frozen=True, kw_only=True):
    """What a lesson would learn from: lines of a training file, and what is left out, by why."""

    object: Literal["organization.lesson.preview"] = "organization.lesson.preview"
    deployment: str
    project_id: str
    kind: Kind
    examples: int
    left_out: dict[str, int]
    redacted: dict[str, int]
    feedback_ids: list[str]
    data: list[dict[str, Any]]
