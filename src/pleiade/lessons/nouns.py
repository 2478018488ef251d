"""A lesson as it is shown, what it is made from, and what was learned from."""

from typing import Any, Literal

import msgspec

Kind = Literal["preference", "sft"]
State = Literal["dataset", "training", "gating", "canary", "waiting", "promoted", "rolled_back", "failed"]
Wish = Literal["", "promote", "rollback"]
OVER: frozenset[State] = frozenset({"promoted", "rolled_back", "failed"})
# What becomes of each kind: the method of fine-tuning, and the form of its examples.
METHODS: dict[Kind, str] = {"preference": "dpo", "sft": "supervised"}
# Corrections are people's words, which the model would hardly have found: without the second loss, 12 pairs taught
# pleiade-pico to avoid its answers and nothing in their place; with it all 7 unseen questions got the wished answer.
DEFAULTS: dict[Kind, dict[str, Any]] = {"preference": {"sft_weight": 1.0}, "sft": {}}

LEAST_EXAMPLES = 8  # fewer teach nothing that a part kept aside could measure


class LessonData(msgspec.Struct, frozen=True, kw_only=True):
    """Where the examples of a lesson come from: enough to tell, for each, whose agreement it rests on."""

    examples: int  # to learn
    held_back: int  # to be measured on
    left_out: dict[str, int]  # rows of feedback, by why
    redacted: dict[str, int]  # pieces of personal data that were replaced, by kind
    feedback_ids: tuple[str, ...]  # that were learned from or measured on
    training_file: str = ""
    gate_file: str = ""
    sha256: str = ""  # of the training file


class LessonSide(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one of the two models. `down_low` and `down_high`: Wilson's 95 % interval of `down`'s share."""

    deployment: str
    model: str
    gate: float | None = None  # 0 to 1, the more the better
    graded: int = 0  # rows of the gate
    flagged: int | None = None  # answers in the gate that the moderation model finds harmful; null = nobody looked
    up: int = 0
    down: int = 0
    down_low: float = 0.0
    down_high: float = 1.0


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """One lesson, from ratings to a decision."""

    id: str
    object: Literal["organization.lesson"] = "organization.lesson"
    created_at: int
    project_id: str
    deployment: str
    kind: Kind
    state: State = "dataset"
    reason: str = ""  # why it stands where it stands, in one sentence
    percent: int  # of the deployment's calls that the candidate answers while it is tried
    margin: float  # by how much the candidate may be below the incumbent in the gate
    ratings: int  # of the candidate's answers that are waited for
    gate: str = ""  # an eval or a file that was named as the gate; "" = the part of the examples that was kept aside
    since: int = 0  # Unix seconds: ratings from then on; 0 = all
    data: LessonData | None = None
    job_id: str = ""  # of fine-tuning
    eval_id: str = ""
    run_ids: tuple[str, ...] = ()  # of the eval: the incumbent's, the candidate's
    canary_since: int = 0  # Unix microseconds
    incumbent: LessonSide
    candidate: LessonSide | None = None
    decided_by: str = ""  # a user or a key; "" = nobody yet, or the rules


class LessonPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What clients do not see: who asked for it, and how it is trained."""

    principal: dict[str, Any]
    hyperparameters: dict[str, Any] = {}
    seed: int = 0
    suffix: str = ""
    decider: dict[str, Any] = {}  # the actor of the decision


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A lesson as it is kept."""

    lesson: Lesson
    plan: LessonPlan
    organisation: str
    wish: Wish = ""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to learn: a conversation, the answer that was wished for, and one that was not ("" = none is known)."""

    messages: tuple[dict[str, str], ...]
    wished: str
    rejected: str = ""
    feedback_ids: tuple[str, ...]


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What feedback gives to learn from, and what of it does not, by why."""

    examples: tuple[Example, ...]
    left_out: dict[str, int]
    redacted: dict[str, int]
