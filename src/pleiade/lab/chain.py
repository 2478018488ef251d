"""From text to a model folder: pretrain, instruct, export, card. Each stage resumes where it was left."""

from __future__ import annotations

from pathlib import Path

from pleiade.lab.checkpoint import latest_checkpoint, load_checkpoint
from pleiade.lab.curves import draw_curve
from pleiade.lab.dialogues.mixture import chat_mixture
from pleiade.lab.export.huggingface import export_huggingface
from pleiade.lab.finetune import FinetuneConfig, finetune
from pleiade.lab.presets import Preset
from pleiade.lab.pretrain import load_model, pretrain
from pleiade.lab.ranks import join_ranks
from pleiade.lab.tokenizer.bpe import load_tokenizer


def run_chain(preset: Preset, data: Path, run: Path, chat: FinetuneConfig | None) -> bool:
    """Train the base in `run`/base, the chat model in `run`/chat (unless None), and export the last to `run`/export.

    Returns False when a signal ended it early; the same call then goes on. Without post-training sets below
    `data`/post a chat model cannot be made: pass chat=None.
    """
    is_first = join_ranks().is_first
    if not pretrain(preset, data, run / "base").finished:
        return False
    tokenizer = load_tokenizer(run / "base" / "tokenizer")
    model = load_model(preset, load_checkpoint(newest_checkpoint(run / "base"))["model"])
    if is_first:
        draw_curve(run / "base" / "metrics.jsonl", run / "base" / "curve.png", f"{preset.name}: pretraining")
    if chat is not None:
        if not finetune(model, tokenizer, chat_mixture(data, chat.seed), chat, run / "chat").finished:
            return False
        if is_first:
            draw_curve(run / "chat" / "metrics.jsonl", run / "chat" / "curve.png", f"{preset.name}: instruction tuning")
    if is_first:
        export_huggingface(model, tokenizer, run / "export")
        print(f"model written to {run / 'export'}: serve it with `pleiade model add {run / 'export'}`", flush=True)
    return True


def newest_checkpoint(run: Path) -> Path:
    """The newest checkpoint of a run; raises FileNotFoundError if there is none."""
    newest = latest_checkpoint(run)
    if newest is None:
        raise FileNotFoundError(f"no checkpoint in {run}: run `pleiade train` first")
    return newest
