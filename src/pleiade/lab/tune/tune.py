"""One fine-tune from files to a folder that can be served: resumable, measured before and after."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch

from pleiade.domain.examples import Example
from pleiade.lab.begun import BEGUN, begin, read_json, write_json
from pleiade.lab.lock import hold
from pleiade.lab.signals import stop_on_signal
from pleiade.lab.tune.config import Decided, TuneConfig, decide
from pleiade.lab.tune.errors import TuneError
from pleiade.lab.tune.export import export, licence_of
from pleiade.lab.tune.faults import SIZES, sentence
from pleiade.lab.tune.files import Material, fingerprint, read_material
from pleiade.lab.tune.models import Start, context_length, find_start, load_model, load_tokenizer
from pleiade.lab.tune.plan import make_plan
from pleiade.lab.tune.render import Rendered, Renderer
from pleiade.lab.tune.report import TuneReport, card, read_report, write_report
from pleiade.lab.tune.rewards import Judge, graded, read_grader, scored
from pleiade.lab.tune.tell import Voice
from pleiade.lab.tune.trainers import MEASURES, Sets, build_trainer, precision_here
from pleiade.lab.tune.watch import Watch, newest_checkpoint, remove_unfinished

# What may differ when a run goes on: how it is computed and told.
MAY_CHANGE = (
    *("checkpoint_seconds", "checkpoint_steps", "checkpoint_epochs", "log_steps"),
    *("micro_batch_size", "gradient_checkpointing"),
)


def tune(config: TuneConfig, run: Path) -> TuneReport | None:
    """Fine-tune as `config` says and write `run`/export, `run`/report.json, metrics.jsonl and events.jsonl.

    The same call goes on where a run was stopped or killed. Returns None where SIGINT or SIGTERM stopped it, with a
    checkpoint. Raises TuneError with what to change: files, model, memory, a loss that is not a number.
    """
    _quiet_libraries()
    voice = Voice(run)
    with _told(config, run, voice), hold(run) if voice.speaks else nullcontext(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries to their own callers: nothing that a person here could change
        if (run / BEGUN).is_file():
            _begin(config, run)
        if (report := read_report(run)) is not None:
            voice.say(f"{run} is finished already: {report}")
            return report
        return _tune(config, run, voice)


def _tune(config: TuneConfig, run: Path, voice: Voice) -> TuneReport | None:
    start = find_start(config)
    material = read_material(config)
    tokenizer = load_tokenizer(start.base)
    sets = _rendered(config, start, tokenizer, material, voice)
    longest = sets.learn.longest + (config.max_answer_tokens if config.method == "grpo" else 0)
    decided = decide(config, len(sets.learn.rows), longest, int(os.environ.get("WORLD_SIZE", "1")))
    judge = _judge(config, material)
    model = load_model(start, config, precision_here(config))
    plan = make_plan(model, sets, config, decided)
    if voice.speaks:
        _begin(config, run, material)
        write_json(run / SIZES, dataclasses.asdict(decided))
        remove_unfinished(run)
    voice.say(plan.text(config, decided, sets, material.unseen))
    with stop_on_signal() as stopped:
        watch = Watch(config, run, voice, stopped)
        judged = (judge, material.learn, material.measure) if judge else None
        trainer = build_trainer(model, tokenizer, sets, config, decided, run, watch, judged)
        before = _before(trainer, config, run)
        newest = newest_checkpoint(run)
        step = int(newest.name.split("-")[1]) if newest else 0
        facts = {"precision": precision_here(config), "parameters": plan.parameters, "device": plan.device}
        voice.note("resumed" if newest else "started", step=step, last=decided.steps, **facts)
        if newest is not None:
            voice.say(f"resumed from {newest.name}")
        _seed(config)
        trainer.train(resume_from_checkpoint=str(newest) if newest else None)
        if trainer.state.global_step < trainer.state.max_steps:
            voice.say(f"stopped after step {trainer.state.global_step}: the same command goes on")
            voice.note("stopped", step=trainer.state.global_step)
            return None
    after = _measured(trainer, config)
    report = _report(config, decided, material, sets, run, watch, (before, after))
    if trainer.is_world_process_zero():
        told = card(report, config, str(start.base), licence_of(start.base))
        trained = trainer.accelerator.unwrap_model(trainer.model)
        is_adapter, is_reward = config.adapter is not None, config.method == "reward"
        export(trained, start.base, run / "export", told, adapter=is_adapter, reward=is_reward)
        write_report(report, run)
    voice.say(str(report))
    voice.note("finished", step=decided.steps)
    return report


def _rendered(config: TuneConfig, start: Start, tokenizer: Any, material: Material, voice: Voice) -> Sets:
    room = context_length(start.base)
    renderer = Renderer(tokenizer, min(config.max_length, room or config.max_length))

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
                voice.say(
                    f"{len(lines)} examples {name} are longer than {renderer.max_length} tokens and were {what} "
                    f"(the first: line {lines[0]})",
                    level="warn",
                )
    if not sets.learn.rows or not sets.measure.rows:
        shorter = ", or lower max_answer_tokens" if config.method == "grpo" else ""
        raise TuneError(
            f"no example fits into {renderer.max_length} tokens: shorten them, or raise max_length (the model takes "
            f"{room or 'any number of'} tokens){shorter}"
        )
    return sets


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
        return float(read_json(path)["value"])
    before = _measured(trainer, config)
    if trainer.is_world_process_zero():
        write_json(path, {"value": before})
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


def _begin(config: TuneConfig, run: Path, material: Material | None = None) -> None:
    facts = dataclasses.asdict(config)
    if material is not None:  # a file of the same name may hold other examples by now
        facts |= {
            "examples to learn": fingerprint(material.learn),
            "examples to measure": fingerprint(material.measure),
        }
    begin(run, facts, lambda key: key in MAY_CHANGE)


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


@contextmanager
def _told(config: TuneConfig, run: Path, voice: Voice) -> Iterator[None]:
    """Turns what can go wrong on the way into a sentence, which is an event too."""
    try:
        yield
    except Exception as error:
        told = sentence(error, config, run)
        if run.is_dir():
            voice.note("failed", reason=told or f"{type(error).__name__}: {error}")
        if told is None:
            raise
        raise TuneError(told) from error
