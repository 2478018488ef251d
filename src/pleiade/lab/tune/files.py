"""The examples of a fine-tune: read from their files, duplicates kept together, some kept aside to measure on."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pleiade.domain.examples import Example, read_examples, told
from pleiade.lab.tune.config import FORMATS, TuneConfig
from pleiade.lab.tune.errors import TuneError

ONE_IN, AT_MOST, FEWEST = 20, 200, 10  # kept aside: 5 %, at most 200, none of fewer than ten


@dataclass(frozen=True)
class Material:
    """What is learned, what is measured, and whether the measured was kept aside (`unseen`) or is learned too."""

    learn: tuple[Example, ...]
    measure: tuple[Example, ...]
    unseen: bool


def read_material(config: TuneConfig) -> Material:
    """Read the examples and the validation file, or keep some examples aside.

    Raises TuneError: no such file, nothing in it, lines that are wrong (with their numbers), files that overlap.
    """
    learn = _read(config.examples, config)
    if config.validation:
        measure = _read(config.validation, config)
        _refuse_overlap(learn, measure, config)
        return Material(learn, measure, True)
    num_aside = _num_aside(config, len(learn))
    asked = sorted({example.prompt_key for example in learn})
    random.Random(config.seed).shuffle(asked)
    aside = set(asked[: min(num_aside, len(asked) - 1)])
    measure = tuple(example for example in learn if example.prompt_key in aside)
    if not measure:
        return Material(learn, learn[:AT_MOST], False)
    return Material(tuple(example for example in learn if example.prompt_key not in aside), measure, True)


def fingerprint(examples: Sequence[Example]) -> str:
    """A short hash of examples in their order, whatever their lines."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(json.dumps([example.key, example.item], sort_keys=True).encode() + b"\n")
    return digest.hexdigest()[:16]


def _num_aside(config: TuneConfig, num_examples: int) -> int:
    if config.held_aside != "auto":
        return int(config.held_aside)
    return 0 if num_examples < FEWEST else max(1, min(AT_MOST, num_examples // ONE_IN))


def _read(name: str, config: TuneConfig) -> tuple[Example, ...]:
    path = Path(name)
    try:
        with path.open("rb") as lines:
            examples, problems = read_examples(lines, FORMATS[config.method])
    except OSError as error:
        raise TuneError(f"{path} cannot be read ({error.strerror or error}): give a file of JSON lines") from error
    if problems:
        raise TuneError(f"{path} has {len(problems)} lines that cannot be learned from:\n  {told(problems)}")
    if not examples:
        raise TuneError(f"{path} is empty: give one example a line, in OpenAI's format (docs/finetune.md)")
    return tuple(examples)


def _refuse_overlap(learn: tuple[Example, ...], measure: tuple[Example, ...], config: TuneConfig) -> None:
    lines = {example.key: example.line for example in learn}
    both = [example for example in measure if example.key in lines]
    if both:
        raise TuneError(
            f"{len(both)} of {len(measure)} examples of {config.validation} are in {config.examples} too (line "
            f"{both[0].line} is its line {lines[both[0].key]}): take them out of one, or memory is measured"
        )
