"""`/fine_tuning/alpha/graders`: a grader looked at, and tried on one answer."""

import asyncio
import time
from typing import Any

from pleiade.domain.graders.errors import GraderError
from pleiade.domain.graders.grade import Means, grade
from pleiade.domain.graders.templates import sample_of
from pleiade.finetuning.grading import PythonError, run_python
from pleiade.finetuning.rules import read_grader
from pleiade.gateway.call import Call
from pleiade.gateway.desk import Desk, Told, send
from pleiade.gateway.errors import ApiError
from pleiade.gateway.fine_tuning.asked import CheckGrader, RunGrader
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.sandbox.run import SandboxError

ERRORS = (
    "formula_parse_error",
    "invalid_variable_error",
    "model_grader_parse_error",
    "model_grader_refusal_error",
    "model_grader_server_error",
    "other_error",
    "python_grader_runtime_error",
    "python_grader_server_error",
    "sample_parse_error",
    "truncated_observation_error",
    "unresponsive_reward_error",
)
_DETAILS = (
    "model_grader_server_error_details",
    "python_grader_runtime_error_details",
    "python_grader_server_error_type",
)


class Graders:
    """Its two routes. What a grader of a job may be is what can be tried here."""

    def __init__(self, archive: Archive) -> None:
        self.desk = Desk(archive)
        base = "/fine_tuning/alpha/graders"
        self.routes = (
            Route(method="POST", path=f"{base}/run", handler=self.run, takes=RunGrader),
            Route(method="POST", path=f"{base}/validate", handler=self.validate, takes=CheckGrader),
        )

    async def validate(self, call: Call) -> None:
        """The grader, if it is one. Raises ApiError 400 that names the field at fault."""
        body = await self.desk.body(call, CheckGrader)
        with Told():
            await send(call, {"grader": read_grader(body.grader, "grader")})

    async def run(self, call: Call) -> None:
        """What an answer is worth by it. Raises ApiError 400 where it is none, 503 where Python is not sealed off."""
        body = await self.desk.body(call, RunGrader)
        with Told():
            grader = read_grader(body.grader, "grader")
        began = time.perf_counter()
        parts = grader["graders"] if grader["type"] == "multi" else {}
        wrong: dict[str, str] = {}
        try:
            reward, grades = await asyncio.to_thread(_graded, grader, parts, body, wrong)
        except GraderError as error:
            reward, grades = 0.0, {}
            wrong.setdefault("invalid_variable_error", str(error))
        except SandboxError as error:
            raise ApiError(503, f"Python graders cannot be run safely here: {error}", code="sandbox_missing") from error
        name = str(grader.get("name", ""))
        told: dict[str, Any] = {
            **dict.fromkeys(ERRORS, False),
            **dict.fromkeys(_DETAILS),
            **{kind: True for kind in wrong if kind in ERRORS},
            "python_grader_runtime_error_details": wrong.get("python_grader_runtime_error"),
        }
        metadata = {
            "name": name,
            "type": grader["type"],
            "errors": told,
            "execution_time": round(time.perf_counter() - began, 6),
            "scores": grades or {name: reward},
            "token_usage": None,
            "sampled_model_name": None,
        }
        more = {"sub_rewards": grades, "model_grader_token_usage_per_model": {}}
        await send(call, {"reward": reward, "metadata": metadata, **more})


def _graded(
    grader: dict[str, Any], parts: dict[str, Any], body: RunGrader, wrong: dict[str, str]
) -> tuple[float, dict[str, float]]:
    """The grade, and those of its parts; a Python grader that raises gives 0, as in training, told in `wrong`."""

    def python(source: str, sample: Any, item: Any) -> float:
        try:
            return run_python(source, sample, item)
        except PythonError as error:
            wrong["python_grader_runtime_error"] = str(error)
            return 0.0

    sample, means = sample_of(body.model_sample), Means(run_python=python)
    grades = {name: grade(part, body.item, sample, means) for name, part in parts.items()}
    return grade(grader, body.item, sample, means), grades
