"""From drawings to a folder that the engine serves, stage by stage; each resumes where it was left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from tokenizers import Tokenizer

from pleiade.lab.begun import begin, differences, weights_fingerprint
from pleiade.lab.checkpoint import is_finished, latest_checkpoint, load_checkpoint, load_weights
from pleiade.lab.curves import draw_curve
from pleiade.lab.dalle.data.drawings import ATTRIBUTION, Drawings
from pleiade.lab.dalle.data.licences import NOTICE
from pleiade.lab.dalle.data.processes import drawn_ahead
from pleiade.lab.dalle.data.stream import PictureStream
from pleiade.lab.dalle.data.words import train_caption_tokenizer
from pleiade.lab.dalle.distil import FewSteps
from pleiade.lab.dalle.encoder_run import Encoder, Half, load_encoder, train_encoder
from pleiade.lab.dalle.enlarger_run import open_large, train_enlarger
from pleiade.lab.dalle.export import export_pix
from pleiade.lab.dalle.model import Pix, init_pix
from pleiade.lab.dalle.objective import FlowMatching, PictureDealer
from pleiade.lab.dalle.plan import pix_plan
from pleiade.lab.dalle.presets import PixPreset, read_pix_preset, refuse_another_pix, write_pix_preset
from pleiade.lab.dalle.sample import load_pix
from pleiade.lab.dalle.stages import MEASURING, way_to
from pleiade.lab.dalle.watched import Watched
from pleiade.lab.data.shards import tokenizer_fingerprint
from pleiade.lab.parallel.config import ParallelConfig
from pleiade.lab.placed import finds_compiler
from pleiade.lab.ranks import join_ranks
from pleiade.lab.tokenizer.bpe import load_tokenizer, save_tokenizer
from pleiade.lab.train import BAD_BATCH, Outcome, train

WHOLE = ParallelConfig(shard=False)  # every rank holds the network: it is small


def run_pix(preset: PixPreset, data: Path, run: Path, until: str = "base") -> bool:
    """Train the stages up to `until` in `run`/STAGE on the drawings in `data`, and export the last model.

    Returns False when a signal ended it early; the same call then goes on. Raises ValueError or FileNotFoundError for
    what cannot be, with what to do.
    """
    if until not in STAGE:
        raise ValueError(f"there is no stage {until!r}: choose one of {', '.join(STAGE)}")
    drawings = Drawings.open(data)
    if drawings.size != preset.model.size:
        raise ValueError(
            f"the drawings are {drawings.size} pixels wide, the model makes {preset.model.size}: build them with "
            f"`python -m pleiade.lab.dalle.data --size {preset.model.size} …`, or choose another preset"
        )
    # Better told now than hours later.
    drawings.to_learn(preset.styles)
    _first_weights(preset, run)
    if "enlarger" in way_to(until):
        open_large(data)
    _keep_notices(drawings, preset, run)
    if join_ranks().is_first:
        print(pix_plan(preset, drawings, join_ranks().size, run, way_to(until)), flush=True)
    for stage in way_to(until):
        if not STAGE[stage](preset, drawings, run).finished:
            return False
        if join_ranks().is_first:
            draw_curve(run / stage / "metrics.jsonl", run / stage / "curve.png", f"{preset.name}: {stage}", "pictures")
    drawing = [stage for stage in way_to(until) if stage in ("base", "few")]
    if drawing and join_ranks().is_first:
        sizes = export_pix(run, run / "export", stage=drawing[-1])
        print("\n".join(f"  {name:<16} {size / 1e6:8.2f} MB" for name, size in sizes.items()))
        print(f"model written to {run / 'export'}: serve it with `pleiade model add {run / 'export'}`", flush=True)
    return True


def _keep_notices(drawings: Drawings, preset: PixPreset, run: Path) -> None:
    """Beside the stages, what must be given on with any weights trained on these drawings, now or before.

    What is there stays: the weights that a run begins with learned from other drawings, and take their lines along.
    """
    if join_ranks().is_first:
        run.mkdir(parents=True, exist_ok=True)
        for name in (ATTRIBUTION, NOTICE):
            kept = ""
            for folder in (run, drawings.folder, *([Path(preset.begin_with)] if preset.begin_with else [])):
                text = (folder / name).read_text("utf-8") if (folder / name).exists() else ""
                kept += "" if text in kept else f"\n{text}" if kept else text
            if kept:
                (run / name).write_text(kept, "utf-8")


def train_likeness(preset: PixPreset, drawings: Drawings, run: Path) -> Outcome:
    """Train the encoder in `run`/encoder that tells likeness: for the other stages, for variations and reranking.

    A run that begins with another one's weights takes its encoder along as it is: they know likeness as that tells it.
    """
    theirs, folder = Path(preset.begin_with) / "encoder", run / "encoder"
    if preset.begin_with and not folder.exists() and is_finished(theirs) and join_ranks().is_first:
        unfinished = run / "encoder.tmp"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(theirs, unfinished, ignore=shutil.ignore_patterns("tensorboard"))
        unfinished.rename(folder)  # a copy that was cut short is none
    join_ranks().wait_for_all()
    newest = latest_checkpoint(folder) if preset.begin_with and is_finished(folder) else None
    if newest is not None:  # it learned from those drawings, not from these
        state = load_checkpoint(newest)
        return Outcome(True, state["step"], state["tokens"], state["loss"])
    return _train_encoder(preset, drawings, run, "served")


def train_measuring(preset: PixPreset, drawings: Drawings, run: Path) -> Outcome:
    """Train the encoder in `run`/measuring: on drawings that the other has not seen, to judge what is made with it."""
    return _train_encoder(preset, drawings, run, "measuring")


def _train_encoder(preset: PixPreset, drawings: Drawings, run: Path, which: Half) -> Outcome:
    model, stage = preset.model, preset.encoder
    told = replace(stage.model, max_text=model.max_text, embedding=model.image_embedding)
    tokenizer = caption_tokenizer(preset, drawings, run)
    stage, folder = replace(stage, model=told), run / ("encoder" if which == "served" else MEASURING)
    return train_encoder(drawings, tokenizer, stage, folder, which, model.size, preset.drawers)


def train_base(preset: PixPreset, drawings: Drawings, run: Path) -> Outcome:
    """Train the base model in `run`/base as the preset says, or resume it."""
    ranks, folder = join_ranks(), run / "base"
    folder.mkdir(parents=True, exist_ok=True)
    refuse_another_pix(preset, folder / "preset.json")
    tokenizer, encoder = caption_tokenizer(preset, drawings, run), likeness(preset, run)
    if ranks.is_first:
        begin(folder, {"tokenizer": tokenizer_fingerprint(tokenizer), **_version(encoder)})
    network = Pix(preset.model)
    init_pix(network, preset.loop.seed)
    first = _first_weights(preset, run)
    if first is not None:
        network.load_state_dict(load_weights(first))
    if ranks.is_first:
        write_pix_preset(preset, folder / "preset.json")
        (folder / "plan.txt").write_text(pix_plan(preset, drawings, ranks.size, run) + "\n", "utf-8")
    with deal(preset, drawings, tokenizer, encoder) as dealer:
        objective = FlowMatching(dealer)
        watched = Watched(tokenizer, objective.averages)
        return train(network, objective, preset.loop, preset.optim, preset.schedule, folder, watched, WHOLE)


def _first_weights(preset: PixPreset, run: Path) -> Path | None:
    """The checkpoint that the base begins with; None for a new network, and once the base has one of its own.

    Raises FileNotFoundError where the other run has none, ValueError where its network differs.
    """
    if not preset.begin_with or latest_checkpoint(run / "base") is not None:
        return None
    earlier = Path(preset.begin_with) / "base"
    newest = latest_checkpoint(earlier)
    if newest is None:
        raise FileNotFoundError(f"begin_with={preset.begin_with}: no checkpoint is in {earlier}")
    theirs = asdict(read_pix_preset(earlier / "preset.json").model)
    differing = differences(theirs, asdict(preset.model), lambda _: False)
    if differing:
        raise ValueError(f"begin_with={preset.begin_with}: its network is another one ({'; '.join(differing)})")
    return newest


def train_few(preset: PixPreset, drawings: Drawings, run: Path) -> Outcome:
    """Distil the base model into `run`/few, one that takes few steps, or resume that."""
    few, teacher, folder = preset.few, load_pix(run, stage="base"), run / "few"
    student, encoder = Pix(preset.model), likeness(preset, run)
    student.load_state_dict(teacher.network.state_dict())
    if join_ranks().is_first:
        facts = {"few": asdict(few), "model": weights_fingerprint(student), **_version(encoder)}
        stopped = (folder / BAD_BATCH).exists()
        may_end = ("micro_rows", "_lr") if stopped else ("micro_rows",)
        begin(folder, facts, lambda key: ".loop." in key or ".schedule." in key or key.endswith(may_end))
    stage = replace(preset, rows=few.rows, micro_rows=few.micro_rows, loop=replace(few.loop, seed=few.loop.seed + 1))
    teacher.network.to(join_ranks().device)
    with deal(stage, drawings, teacher.tokenizer, encoder) as dealer:
        objective = FewSteps(dealer, teacher.network, few.distil, compiled=few.loop.compile and finds_compiler())
        watched = Watched(teacher.tokenizer, objective.averages, few_step=True)
        return train(student, objective, stage.loop, few.optim, few.schedule, folder, watched, WHOLE)


def train_large(preset: PixPreset, drawings: Drawings, run: Path) -> Outcome:
    """Train the enlarger in `run`/enlarger on the drawings that were rendered large, too."""
    return train_enlarger(drawings.folder, preset.enlarger, run / "enlarger")


STAGE = {
    "encoder": train_likeness,
    "base": train_base,
    "few": train_few,
    "enlarger": train_large,
    MEASURING: train_measuring,
}


def likeness(preset: PixPreset, run: Path) -> Encoder | None:
    """The encoder whose embedding tells the model what a picture is like; None where `flow.drop_picture` is 1.

    Raises FileNotFoundError where it is not trained to its end, ValueError where it is one of another width.
    """
    if preset.flow.drop_picture >= 1:
        return None
    if not is_finished(run / "encoder"):
        raise FileNotFoundError(
            f"no finished encoder in {run / 'encoder'}, which tells the model what a picture is like: train it with "
            f"`pleiade train {preset.name} --until encoder`, or give flow.drop_picture=1 to do without"
        )
    encoder, wanted = load_encoder(run / "encoder"), preset.model.image_embedding
    if encoder.network.config.embedding != wanted:
        raise ValueError(
            f"the encoder in {run / 'encoder'} tells likeness in {encoder.network.config.embedding} numbers, the model "
            f"reads {wanted} (model.image_embedding): remove that folder to train another encoder"
        )
    encoder.network.to(join_ranks().device)
    return encoder


def _version(encoder: Encoder | None) -> dict[str, str]:
    """What a stage remembers of the encoder: with another one, the same numbers would mean another likeness."""
    return {} if encoder is None else {"likeness": encoder.version}


@contextmanager
def deal(
    preset: PixPreset, drawings: Drawings, tokenizer: Tokenizer, encoder: Encoder | None
) -> Iterator[PictureDealer]:
    """Within it: the preset's pictures from their beginning, drawn ahead by its `drawers`."""
    model, told = preset.model, None if encoder is None else encoder.embed_pictures
    stream = PictureStream(
        drawings.to_learn(preset.styles),
        tokenizer,
        size=model.size,
        seed=preset.loop.seed,
        scenes=preset.scenes,
        max_text=model.max_text,
    )
    with drawn_ahead(stream, preset.drawers) as drawn:
        yield PictureDealer(drawn, model, preset.flow, preset.rows, preset.micro_rows, preset.loop.seed, told)


def caption_tokenizer(preset: PixPreset, drawings: Drawings, run: Path) -> Tokenizer:
    """The tokenizer of the run's captions, in `run`/base: the one of the run that it begins with, else a new one.

    A new one is trained on sampled captions.
    """
    path, ranks = run / "base" / "tokenizer", join_ranks()
    if ranks.is_first and not (path / "tokenizer.json").exists():
        if preset.begin_with:
            tokenizer = load_tokenizer(Path(preset.begin_with) / "base" / "tokenizer")
        else:
            tokenizer = train_caption_tokenizer(drawings, preset.model.vocab_size)
        save_tokenizer(tokenizer, path, preset.model.max_text)
    ranks.wait_for_all()
    return load_tokenizer(path)
