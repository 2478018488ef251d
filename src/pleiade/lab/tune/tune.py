"""One fine-tune from files to a folder that can be served: resumable, measured before and after."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from pleiade.domain.examples import Example
from pleiade.lab.configuration import refuse_another_configuration, write_configuration
from pleiade.lab.tune.config import Decided, TuneConfig, decide
from pleiade.lab.tune.errors import TuneError
from pleiade.lab.tune.events import Events
from pleiade.lab.tune.export import export, licence_of
from pleiade.lab.tune.files import Material, read_material
from pleiade.lab.tune.models import context_length, find_start, load_model, load_tokenizer
from pleiade.lab.tune.plan import make_plan
from pleiade.lab.tune.render import Rendered, Renderer
from pleiade.lab.tune.report import TuneReport, card, write_report
from pleiade.lab.tune.rewards import Judge, graded, read_grader, scored
from pleiade.lab.tune.trainers import MEASURES, Sets, build_trainer, precision_here
from pleiade.lab.tune.watch import Watch, newest_checkpoint, stop_on_signal


def tune(config: TuneConfig, run: Path) -> TuneReport | None:
    """Fine-tune as `config` says and write `run`/export, `run`/report.json, metrics.jsonl and events.jsonl.

    The same call goes on where a run was stopped or killed. Returns None where SIGINT or SIGTERM stopped it, with a
    checkpoint. Raises TuneError with what to change: files, model, memory, a loss that is not a number.
    """
    _quiet_libraries()
    events = Events(run, quiet=int(os.environ.get("RANK", "0")) > 0)
    with _told(config, run, events), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries to their own callers: nothing that a person here could change
        if (run / "report.json").is_file() and (run / "export").is_dir():
            refuse_another_configuration(config, run / "config.json", MAY_CHANGE)
            return _finished(run, events)
        return _tune(config, run, events)


def _quiet_libraries() -> None:
    """No report to TRL's makers (it sends one for each trainer), and no progress bars in our progress."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    from datasets import disable_progress_bars
    from huggingface_hub import constants
    from transformers.utils import logging

    constants.HF_HUB_DISABLE_TELEMETRY = True  # where the library was imported before
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    disable_progress_bars()


# What may differ when a run goes on.
MAY_CHANGE = ("checkpoint_seconds", "checkpoint_steps", "log_steps", "micro_batch_size", "gradient_checkpointing")


def _tune(config: TuneConfig, run: Path, events: Events) -> TuneReport | None:
    start = find_start(config)
    material = read_material(config)
    refuse_another_configuration(config, run / "config.json", MAY_CHANGE)
    tokenizer = load_tokenizer(start.base)
    room = context_length(start.base) or config.max_length
    renderer = Renderer(tokenizer, min(config.max_length, room))
    sets = _rendered(config, renderer, material, events)
    decided = decide(config, len(sets.learn.rows), sets.learn.longest + _answer(config))
    judge = _judge(config, material)
    model = load_model(start, config, precision_here(config))
    plan = make_plan(model, sets, config, decided)
    write_configuration(config, run / "config.json")
    write_configuration(decided, run / "sizes.json")
    events.message(plan.text(config, decided, sets, material.unseen))
    with stop_on_signal() as stopped:
        watch = Watch(config, run, events, stopped)
        judged = (judge, material.learn, material.measure) if judge else None
        trainer = build_trainer(model, tokenizer, sets, config, decided, run, watch, judged)
        before = _before(trainer, config, run)
        newest = newest_checkpoint(run)
        if newest is not None:
            events.message(f"resumed from {newest.name}")
        _seed(config)
        trainer.train(resume_from_checkpoint=str(newest) if newest else None)
        if trainer.state.global_step < trainer.state.max_steps:
            events.message(f"stopped after step {trainer.state.global_step}: the same command goes on")
            return None
    after = _measured(trainer, config)
    report = _report(config, decided, material, sets, run, watch, (before, after))
    if trainer.is_world_process_zero():
        told = card(report, config, str(start.base), licence_of(start.base))
        trained = trainer.accelerator.unwrap_model(trainer.model)
        is_adapter, is_reward = config.adapter is not None, config.method == "reward"
        export(trained, start.base, run / "export", told, adapter=is_adapter, reward=is_reward)
        write_report(report, run)
    events.message(str(report), before=before, after=after)
    return report


def _rendered(config: TuneConfig, renderer: Renderer, material: Material, events: Events) -> Sets:
    def rows(examples: Sequence[Example]) -> Rendered:
        match config.method:
            case "sft":
                return renderer.chat(examples)
            case "grpo":
                return renderer.prompts(examples, config.max_answer_tokens)
            case _:
                return renderer.preference(examples, split=config.method == "dpo")

    sets = Sets(rows(material.learn), rows(material.measure))
    for name, rendered in (("to learn", sets.learn), ("to measure", sets.measure)):
        for what, lines in (("cut at their end", rendered.cut), ("left out", rendered.left_out)):
            if lines:
                events.message(
                    f"{len(lines)} examples {name} are longer than {renderer.max_length} tokens and were {what} "
                    f"(the first: line {lines[0]})",
                    level="warn",
                )
    if not sets.learn.rows or not sets.measure.rows:
        raise TuneError(
            f"no example fits into {renderer.max_length} tokens: shorten them, raise max_length (the model takes "
            f"{context_length(find_start(config).base) or 'any number of'} tokens)"
            + (", or lower max_answer_tokens" if config.method == "grpo" else "")
        )
    return sets


def _answer(config: TuneConfig) -> int:
    return config.max_answer_tokens if config.method == "grpo" else 0


def _judge(config: TuneConfig, material: Material) -> Judge | None:
    if config.method != "grpo":
        return None
    if config.grader:
        return graded(read_grader(config.grader), [*material.learn, *material.measure])
    return scored(Path(config.reward_model), torch.device("cuda" if torch.cuda.is_available() else "cpu"))


def _before(trainer: Any, config: TuneConfig, run: Path) -> float:
    """What the model was worth untouched: measured once, kept for runs that go on."""
    path = run / "before.json"
    if path.is_file():
        return float(json.loads(path.read_text("utf-8")))
    before = _measured(trainer, config)
    path.write_text(json.dumps(before), "utf-8")
    return before


def _measured(trainer: Any, config: TuneConfig) -> float:
    _seed(config)
    return float(trainer.evaluate()[MEASURES[config.method][0]])


def _seed(config: TuneConfig) -> None:
    """The same beginning for a run that measured itself first and one that goes on."""
    from transformers import set_seed

    set_seed(config.seed)


def _report(
    config: TuneConfig,
    decided: Decided,
    material: Material,
    sets: Sets,
    run: Path,
    watch: Watch,
    measured: tuple[float, float],
) -> TuneReport:
    _, metric, better = MEASURES[config.method]
    return TuneReport(
        method=config.method,
        model=config.model,
        output=str(run / "export"),
        adapter=config.adapter is not None,
        metric=metric,
        before=measured[0],
        after=measured[1],
        better=better,
        unseen=material.unseen,
        num_examples=len(material.learn),
        num_measured=len(material.measure),
        cut=tuple(sets.learn.cut),
        left_out=tuple(sets.learn.left_out),
        epochs=decided.epochs,
        batch_size=decided.batch_size,
        learning_rate=decided.learning_rate,
        steps=decided.steps,
        trained_tokens=watch.tokens,
        seconds=round(watch.elapsed, 1),
    )


def _finished(run: Path, events: Events) -> TuneReport:
    row = json.loads((run / "report.json").read_text("utf-8"))[0]
    fields = {name: row[name] for name in (field.name for field in dataclasses.fields(TuneReport))}
    report = TuneReport(**{**fields, "cut": tuple(fields["cut"]), "left_out": tuple(fields["left_out"])})
    events.message(f"{run} is finished already: {report}")
    return report


@contextmanager
def _told(config: TuneConfig, run: Path, events: Events) -> Iterator[None]:
    """Turns what can go wrong on the way into a sentence, which is an event too."""
    try:
        yield
    except Exception as error:
        told = _sentence(error, config, run)
        if told is None:
            raise
        if run.is_dir():
            events.message(told, level="error")
        raise TuneError(told) from error


def _sentence(error: Exception, config: TuneConfig, run: Path) -> str | None:
    newest = newest_checkpoint(run) if (run / "checkpoints").is_dir() else None
    kept = f"the last good checkpoint is {newest.name}" if newest else "no checkpoint was written yet"
    match error:
        case TuneError():
            return str(error)
        case FloatingPointError():
            return (
                f"the loss is not a number at {error} ({kept}): give another --run and a lower "
                "learning_rate_multiplier, say 0.3"
            )
        case OSError() if error.errno == errno.ENOSPC:
            return f"the disk of {run} is full ({kept}): make room, and the same command goes on"
        case ValueError() if "begun with another configuration" in str(error):
            return str(error)
    full = isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
    return _memory_sentence(config, run) if full else None


def _memory_sentence(config: TuneConfig, run: Path) -> str:
    sizes = run / "sizes.json"
    micro = int(json.loads(sizes.read_text("utf-8"))["micro_batch_size"]) if sizes.is_file() else 0
    if micro > 1:
        return (
            f"a micro-batch of {micro} does not fit into memory: the same again with micro_batch_size={micro // 2} "
            "(a step stays the same, in more and smaller parts)"
        )
    if not micro:
        return f"the model {config.model} does not fit into memory: take a smaller one, or a machine with more"
    less = "gradient_checkpointing=true" if config.gradient_checkpointing is not True else "a smaller model"
    return f"one example at a time does not fit into memory: try max_length={config.max_length // 2}, or {less}"
