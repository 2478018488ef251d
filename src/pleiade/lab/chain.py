"""From text to a model folder: pretrain, code or instruct, score, prefer, export. Each stage resumes where it was left.

Every stage says what it measured before and after itself, on text or prompts that it did not learn from where there
are any; all of it is kept in `RUN/report.json`.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from pleiade.lab.begun import begin, weights_fingerprint, write_json
from pleiade.lab.checkpoint import latest_checkpoint, load_weights
from pleiade.lab.curves import draw_curve
from pleiade.lab.data.shards import tokenizer_fingerprint
from pleiade.lab.dialogues.mixture import absent_sets, chat_mixture
from pleiade.lab.dpo import train_dpo
from pleiade.lab.export.huggingface import CODE, PROSE, export_huggingface
from pleiade.lab.finetune import dialogue_loss, finetune
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.objectives.next_token import NextToken
from pleiade.lab.own_text import code_corpus, on_own_text
from pleiade.lab.preferences.mixture import preference_mixture, preference_prompts
from pleiade.lab.presets import Preset, is_how_only
from pleiade.lab.pretrain import load_model, open_stream, pretrain, stream_loss
from pleiade.lab.ranks import join_ranks
from pleiade.lab.reward import train_reward, with_reward_head
from pleiade.lab.rloo import train_rloo
from pleiade.lab.tokenizer.bpe import load_tokenizer, save_tokenizer
from pleiade.lab.train import BAD_BATCH

# Each stage and the one that it goes on from.
GOES_ON_FROM = {"base": None, "code": "base", "chat": "base", "reward": "chat", "dpo": "reward", "rloo": "dpo"}
STAGES = tuple(GOES_ON_FROM)
# Where a stage's length is set, and its weight when the minutes of a whole chain are shared out.
LENGTHS = {
    "base": ("loop.minutes", 10.0),
    "code": ("code.loop.minutes", 6.0),
    "chat": ("chat.loop.minutes", 5.0),
    "reward": ("reward.loop.minutes", 2.0),
    "dpo": ("dpo.stage.loop.minutes", 2.0),
    "rloo": ("rloo.stage.loop.minutes", 2.0),
}


@dataclass(frozen=True)
class StageReport:
    """What a stage changed; `better` is "lower" or "higher"."""

    stage: str
    metric: str
    before: float
    after: float
    better: str

    @property
    def improved(self) -> bool:
        """Whether it was worth its time."""
        return self.after < self.before if self.better == "lower" else self.after > self.before

    def __str__(self) -> str:
        return f"{self.stage}: {self.metric} {self.before:.3f} → {self.after:.3f} ({self.better} is better)"


def run_chain(preset: Preset, data: Path, run: Path, until: str = "chat") -> list[StageReport] | None:
    """Train the stages up to `until` (see STAGES) in `run`/STAGE and export the last model to `run`/export.

    A code model goes to `run`/code-export, a reward model to `run`/reward-export. Returns what each stage measured, or
    None when a signal ended the chain early; the same call then goes on.
    """
    if until not in STAGES:
        raise ValueError(f"there is no stage {until!r}: choose one of {', '.join(STAGES)}")
    chain = _Chain(on_own_text(preset, data, run), data, run)
    for stage in way_to(until):
        chain.begin(stage)
        report = getattr(chain, stage)()
        if report is None:
            return None
        chain.note(report)
    if chain.is_first:
        export = run / ("code-export" if until == "code" else "export")
        export_huggingface(chain.model, chain.tokenizer, export, sampling=CODE if until == "code" else PROSE)
        print(f"model written to {export}: serve it with `pleiade model add {export}`", flush=True)
    return chain.reports


def way_to(stage: str) -> tuple[str, ...]:
    """The stages from the first to this one."""
    before = GOES_ON_FROM[stage]
    return (*way_to(before), stage) if before else (stage,)


def share_minutes(minutes: float, until: str) -> list[str]:
    """Assignments (`key=value`) that give each stage on the way to `until` its part of `minutes` of training."""
    lengths = [LENGTHS[stage] for stage in way_to(until)]
    whole = sum(weight for _, weight in lengths)
    return [f"{key}={minutes * weight / whole:.2f}" for key, weight in lengths]


class _Chain:
    """One method a stage; `model` is the language model as the last stage left it."""

    def __init__(self, preset: Preset, data: Path, run: Path) -> None:
        self.preset, self.data, self.run = preset, data, run
        self.is_first, self.device = join_ranks().is_first, join_ranks().device
        self.reports: list[StageReport] = []
        self.model: Gpt
        self.scorer: Gpt
        self.tokenizer: Tokenizer

    def begin(self, stage: str) -> None:
        """Record what a stage after the first one begins with, or refuse to go on with something else."""
        if stage == "base" or not self.is_first:
            return
        facts: dict[str, object] = {
            stage: dataclasses.asdict(getattr(self.preset, stage)),
            "tokenizer": tokenizer_fingerprint(self.tokenizer),
            "model": weights_fingerprint(self.model),
        }
        if stage == "chat":
            facts["replay_rows"] = self.preset.replay_rows
        if stage in ("dpo", "rloo"):
            facts["reward model"] = weights_fingerprint(self.scorer)
        stopped = (self.run / stage / BAD_BATCH).exists()
        begin(self.run / stage, facts, lambda key: is_how_only(key) or (stopped and key.endswith(("_lr", "code.rate"))))

    def base(self) -> StageReport | None:
        """Pretraining, from nothing."""
        folder = self.run / "base"
        if not pretrain(self.preset, self.data, folder).finished:
            return None
        self.tokenizer = load_tokenizer(folder / "tokenizer")
        self.model = load_model(self.preset, load_weights(newest_checkpoint(folder))).to(self.device)
        if known := self._known("base"):
            return known
        untrained = Gpt(self.preset.model)
        init_weights(untrained, self.preset.loop.seed)
        before, after = (
            stream_loss(model, self.preset, self.data, folder, self.tokenizer)
            for model in (untrained.to(self.device), self.model)
        )
        self._curve("base", "pretraining")
        return StageReport("base", "nats per token", before, after, "lower")

    def code(self) -> StageReport | None:
        """Pretraining goes on with code."""
        folder = self.run / "code"
        preset = self.preset.on_code(code_corpus(self.preset.code.recipe, self.data, folder / "corpus"))
        if self.is_first:
            save_tokenizer(self.tokenizer, folder / "tokenizer", preset.model.max_position)
        join_ranks().wait_for_all()
        if not pretrain(preset, self.data, folder, start=self.model.state_dict()).finished:
            return None
        start, self.model = self.model, load_model(preset, load_weights(newest_checkpoint(folder))).to(self.device)
        if known := self._known("code"):
            return known
        before, after = (stream_loss(model, preset, self.data, folder, self.tokenizer) for model in (start, self.model))
        self._curve("code", "code")
        return StageReport("code", "nats per token of code", before, after, "lower")

    def chat(self) -> StageReport | None:
        """Instruction tuning; every fiftieth conversation is kept aside to measure on."""
        config = self.preset.chat
        mixture = chat_mixture(self.data, config.seed)
        if self.is_first and (absent := absent_sets(self.data)):
            print(f"the dialogue mixture goes without {', '.join(absent)}: not below {self.data}", flush=True)
        aside = set(map(repr, mixture[::50]))
        learn, measure = [c for c in mixture if repr(c) not in aside], mixture[::50]
        before = dialogue_loss(self.model, self.tokenizer, measure, config.seq_len)
        if not finetune(self.model, self.tokenizer, learn, config, self.run / "chat", self._replay()).finished:
            return None
        after = dialogue_loss(self.model, self.tokenizer, measure, config.seq_len)
        self._curve("chat", "instruction tuning")
        return StageReport("chat", "nats per token of unseen answers", before, after, "lower")

    def _replay(self) -> NextToken | None:
        """The base's text in another order."""
        preset = self.preset
        if not preset.replay_rows:
            return None
        again = dataclasses.replace(preset, stream=dataclasses.replace(preset.stream, seed=preset.stream.seed + 1))
        stream = open_stream(again, self.data, self.run / "base" / "cache", self.tokenizer)
        return NextToken(stream, preset.replay_rows, preset.replay_micro_rows)

    def reward(self) -> StageReport | None:
        """The reward model, from the instructed one."""
        preferences = preference_mixture(self.data, self.preset.reward.seed)
        self.scorer = with_reward_head(self.model)
        told = train_reward(self.scorer, self.tokenizer, preferences, self.preset.reward, self.run / "reward")
        if not told.outcome.finished:
            return None
        self._curve("reward", "reward model")
        if self.is_first:
            export_huggingface(self.scorer, self.tokenizer, self.run / "reward-export")
        return StageReport("reward", "accuracy on unseen pairs", told.accuracy_before, told.accuracy_after, "higher")

    def dpo(self) -> StageReport | None:
        """Preference tuning of the instructed model by the reward model."""
        prompts = preference_prompts(self.data, self.preset.dpo.stage.seed, self.preset.dpo.num_prompts)
        told = train_dpo(self.model, self.scorer, self.tokenizer, prompts, self.preset.dpo, self.run / "dpo")
        if not told.outcome.finished:
            return None
        self._curve("dpo", "preference tuning")
        return StageReport("dpo", "reward of sampled answers", told.reward_before, told.reward_after, "higher")

    def rloo(self) -> StageReport | None:
        """Reinforcement of the preferred model by tasks that code judges, or by the reward model."""
        config = self.preset.rloo
        prompts = preference_prompts(self.data, config.stage.seed, config.num_prompts)
        told = train_rloo(self.model, self.scorer, self.tokenizer, prompts, config, self.run / "rloo")
        if not told.outcome.finished:
            return None
        self._curve("rloo", "reinforcement")
        return StageReport(
            "rloo", f"reward of first choices ({config.judge})", told.reward_before, told.reward_after, "higher"
        )

    def _known(self, stage: str) -> StageReport | None:
        """What was measured of a stage that has not been trained since."""
        path = self.run / "report.json"
        if not path.exists() or path.stat().st_mtime < newest_checkpoint(self.run / stage).stat().st_mtime:
            return None
        rows = (row for row in json.loads(path.read_text("utf-8")) if row["stage"] == stage)
        return next((StageReport(**row) for row in rows), None)

    def note(self, report: StageReport) -> None:
        """Print and keep what a stage measured."""
        self.reports.append(report)
        if self.is_first:
            print(report, flush=True)
            path = self.run / "report.json"
            kept = json.loads(path.read_text("utf-8")) if path.exists() else []  # of stages on another way, too
            rows = {row["stage"]: row for row in (*kept, dataclasses.asdict(report))}
            write_json(path, list(rows.values()))

    def _curve(self, stage: str, title: str) -> None:
        if self.is_first:
            folder = self.run / stage
            draw_curve(folder / "metrics.jsonl", folder / "curve.png", f"{self.preset.name}: {title}")


def newest_checkpoint(run: Path) -> Path:
    """The newest checkpoint of a run; raises FileNotFoundError if there is none."""
    newest = latest_checkpoint(run)
    if newest is None:
        raise FileNotFoundError(f"no checkpoint in {run}: run `pleiade train` first")
    return newest
