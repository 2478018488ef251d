"""Pretraining from a preset: tokenizer, shards, stream, plan, loop, curve."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from pleiade.lab.begun import begin
from pleiade.lab.data.corpus import Source, read_documents
from pleiade.lab.data.shards import tokenize_sources, tokenizer_fingerprint
from pleiade.lab.data.stream import PackedStream
from pleiade.lab.events.samples import text_prompts
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.objectives.next_token import NextToken
from pleiade.lab.parallel.config import settle
from pleiade.lab.planning.plan import plan_text, setting_here
from pleiade.lab.presets import Preset, refuse_another_preset, write_preset
from pleiade.lab.ranks import join_ranks
from pleiade.lab.tokenizer.bpe import load_tokenizer, save_tokenizer, train_tokenizer
from pleiade.lab.train import Outcome, train


def pretrain(
    preset: Preset, data: Path, run: Path, cache: Path | None = None, start: dict[str, Tensor] | None = None
) -> Outcome:
    """Train a base model as the preset says, or resume the run that `run` holds.

    `data` is the folder that the recipe's sources are below; `cache` keeps tokenized text (default `run`/cache);
    `start` are weights to go on from. Writes tokenizer, preset.json, plan.txt, checkpoints and the record into
    `run`.
    """
    run.mkdir(parents=True, exist_ok=True)
    refuse_another_preset(preset, run / "preset.json")
    ranks, cache = join_ranks(), cache or run / "cache"
    parallel = settle(
        preset.parallel,
        ranks.size,
        preset.model,
        on_gpu=ranks.device.type == "cuda",
        seq_len=preset.stream.seq_len,
        micro_batches=preset.rows // preset.micro_rows,
    )
    if ranks.is_first:  # the others read what it has written
        tokenizer = ensure_tokenizer(preset, data, run / "tokenizer")
        begin(run, {"tokenizer": tokenizer_fingerprint(tokenizer)})
        tokenize_sources(data, preset.recipe, tokenizer, cache, check_all=True)
    ranks.wait_for_all()
    tokenizer = ensure_tokenizer(preset, data, run / "tokenizer")
    stream = open_stream(preset, data, cache, tokenizer)
    # No rank need ever hold all of a new model that is to be divided: each makes its part of the weights.
    with torch.device("meta" if parallel.divides and start is None else "cpu"):
        model = Gpt(preset.model)
    if not model.embed_tokens.weight.is_meta:
        init_weights(model, preset.loop.seed)
    if start is not None:
        model.load_state_dict(start)
    objective = NextToken(stream, preset.rows, preset.micro_rows)
    if ranks.is_first:
        write_preset(preset, run / "preset.json")
        plan = plan_text(preset, stream.epoch_tokens, setting_here(preset, model, ranks.size, run))
        (run / "plan.txt").write_text(plan + "\n", "utf-8")
        print(plan, flush=True)
    return train(model, objective, preset.loop, preset.optim, preset.schedule, run, text_prompts(tokenizer), parallel)


def open_stream(preset: Preset, data: Path, cache: Path, tokenizer: Tokenizer) -> PackedStream:
    """The preset's text from its beginning; what `cache` does not hold yet is tokenized into it."""
    shards = tokenize_sources(data, preset.recipe, tokenizer, cache)
    return PackedStream(shards, [source.repeats for source in preset.recipe], tokenizer, preset.stream)


@torch.no_grad()
def stream_loss(model: Gpt, preset: Preset, data: Path, run: Path, tokenizer: Tokenizer, num_rows: int = 64) -> float:
    """Nats per token on `num_rows` rows from the far end of the shuffled stream, which a run of less than an epoch
    has not seen.
    """
    stream = open_stream(preset, data, run / "cache", tokenizer)
    stream.position = int(0.97 * len(stream.order))
    objective = NextToken(stream, num_rows, min(8, num_rows))
    batches = [batch.to(model.device) for batch in objective.next_step()]
    nats = sum(float(objective.loss_sum(model.hidden, model, batch, torch.float32)) for batch in batches)
    return nats / sum(batch.num_targets for batch in batches)


def ensure_tokenizer(preset: Preset, data: Path, folder: Path) -> Tokenizer:
    """The run's tokenizer, trained on a sample of the recipe if it does not exist yet."""
    if not (folder / "tokenizer.json").exists():
        started = time.monotonic()
        texts = sample_texts(data, preset.recipe, preset.tokenizer_megabytes * 1_000_000)
        save_tokenizer(train_tokenizer(texts, preset.model.vocab_size), folder, preset.model.max_position)
        print(
            f"tokenizer of {preset.model.vocab_size} tokens trained in {time.monotonic() - started:.0f} s", flush=True
        )
    tokenizer = load_tokenizer(folder)
    if tokenizer.get_vocab_size() != preset.model.vocab_size:
        raise ValueError(
            f"the tokenizer in {folder} has {tokenizer.get_vocab_size()} tokens, the model {preset.model.vocab_size}: "
            f"set model.vocab_size={tokenizer.get_vocab_size()} or remove the tokenizer"
        )
    return tokenizer


def sample_texts(data: Path, recipe: tuple[Source, ...], num_characters: int) -> Iterator[str]:
    """The first documents of every source, an equal share of `num_characters` each.

    Raises ValueError for a source without any.
    """
    for source in recipe:
        share = left = num_characters // len(recipe)
        for text in read_documents(data, source):
            yield text[:left]
            left -= len(text)
            if left <= 0:
                break
        if left == share:
            raise ValueError(f"{source.folder} is empty: give it text, or take it out of the recipe")


def load_model(preset: Preset, state: dict[str, torch.Tensor]) -> Gpt:
    """A model of the preset's shape with given weights."""
    model = Gpt(preset.model)
    model.load_state_dict(state)
    return model
