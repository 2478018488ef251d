"""Judges of sampled answers: a grader in OpenAI's form, or a reward model."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from pleiade.domain.examples import Example
from pleiade.domain.graders.check import Grader, check_grader
from pleiade.domain.graders.errors import GraderError
from pleiade.domain.graders.grade import Means, grade
from pleiade.domain.graders.templates import sample_of
from pleiade.lab.tune.errors import TuneError
from pleiade.lab.tune.models import load_scorer
from pleiade.lab.tune.render import Renderer
from pleiade.sandbox.run import SandboxError, call_each

Judge = Callable[[Sequence[Example], Sequence[str]], list[float]]


def read_grader(path: str) -> Grader:
    """A grader from a file of JSON. Raises TuneError."""
    try:
        return check_grader(json.loads(Path(path).read_text("utf-8")))
    except OSError as error:
        raise TuneError(f"{path} cannot be read ({error.strerror}): give a file with a grader in JSON") from error
    except ValueError as error:
        raise TuneError(f"{path} is no grader: {error}") from error


def graded(grader: Grader, examples: Sequence[Example]) -> Judge:
    """Answers judged by a grader, which is tried on an empty answer to every example first. Raises TuneError."""

    def judge(asked: Sequence[Example], answers: Sequence[str]) -> list[float]:
        grades = []
        for example, answer in zip(asked, answers, strict=True):
            try:
                grades.append(grade(grader, example.item, sample_of(answer), MEANS))
            except (GraderError, SandboxError) as error:
                raise TuneError(f"line {example.line}: {error}") from error
        return grades

    # A python grader is tried once: a process for each example would take minutes.
    tried = examples[:1] if "python" in json.dumps(grader) else examples
    judge(tried, [""] * len(tried))
    return judge


def run_python(source: str, sample: Mapping[str, Any], item: Mapping[str, Any]) -> float:
    """`grade(sample, item)` of `source` in the sandbox; 0 where it raises or runs too long, as OpenAI counts it."""
    (answer,) = call_each(source, "grade", [((dict(sample), dict(item)), {})])
    value = answer.value
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


MEANS = Means(run_python=run_python)


def scored(folder: Path, device: torch.device, rows: int = 8) -> Judge:
    """Answers judged by a reward model (a folder with a one-label head, or an adapter with one). Raises TuneError."""
    model, tokenizer = load_scorer(folder)
    model.to(device).eval()
    limit = int(getattr(model.config.get_text_config(), "max_position_embeddings", 0) or 1 << 20)
    renderer = Renderer(tokenizer, limit)

    def judge(asked: Sequence[Example], answers: Sequence[str]) -> list[float]:
        texts = [
            renderer.text([*example.messages, {"role": "assistant", "content": answer}], example.tools).rstrip("\n")
            for example, answer in zip(asked, answers, strict=True)
        ]
        scores: list[float] = []
        for start in range(0, len(texts), rows):
            ids = [renderer.tokens(text)[-limit:] for text in texts[start : start + rows]]
            batch = tokenizer.pad({"input_ids": ids}, return_tensors="pt", padding_side="right").to(device)
            with torch.inference_mode():
                scores.extend(model(**batch).logits[:, 0].float().tolist())
        return scores

    return judge
