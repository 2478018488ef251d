"""From drawings to a folder that the engine serves: base, few steps, export. Each stage resumes where it was left."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from tokenizers import Tokenizer

from pleiade.lab.begun import begin, weights_fingerprint
from pleiade.lab.curves import draw_curve
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.stream import PictureStream
from pleiade.lab.dalle.data.words import train_caption_tokenizer
from pleiade.lab.dalle.distil import FewSteps
from pleiade.lab.dalle.export import export_pix
from pleiade.lab.dalle.model import Pix, init_pix
from pleiade.lab.dalle.objective import FlowMatching, PictureDealer
from pleiade.lab.dalle.plan import pix_plan
from pleiade.lab.dalle.presets import PixPreset, refuse_another_pix, write_pix_preset
from pleiade.lab.dalle.sample import load_pix
from pleiade.lab.dalle.stages import STAGES, way_to
from pleiade.lab.dalle.watched import Watched
from pleiade.lab.data.shards import tokenizer_fingerprint
from pleiade.lab.parallel.config import ParallelConfig
from pleiade.lab.ranks import join_ranks
from pleiade.lab.tokenizer.bpe import load_tokenizer, save_tokenizer
from pleiade.lab.train import Outcome, train

WHOLE = ParallelConfig(shard=False)  # every rank holds the network: it is small


def run_pix(preset: PixPreset, data: Path, run: Path, until: str = "base") -> bool:
    """Train the stages up to `until` in `run`/STAGE on the drawings in `data`, and export the last model.

    Returns False when a signal ended it early; the same call then goes on. Raises ValueError or FileNotFoundError for
    what cannot be, with what to do.
    """
    if until not in STAGES:
        raise ValueError(f"there is no stage {until!r}: choose one of {', '.join(STAGES)}")
    drawings = Drawings.open(data)
    for stage in way_to(until):
        folder = run / stage
        train_stage = {"base": train_base, "few": train_few}[stage]
        if not train_stage(preset, drawings, folder).finished:
            return False
        if join_ranks().is_first:
            draw_curve(folder / "metrics.jsonl", folder / "curve.png", f"{preset.name}: {stage}")
    if join_ranks().is_first:
        export_pix(run, run / "export", stage=until)
        print(f"model written to {run / 'export'}: serve it with `pleiade model add {run / 'export'}`", flush=True)
    return True


def train_base(preset: PixPreset, drawings: Drawings, folder: Path) -> Outcome:
    """Train the base model as the preset says, or resume the run that `folder` holds."""
    if drawings.size != preset.model.size:
        raise ValueError(
            f"the drawings are {drawings.size} pixels wide, the model makes {preset.model.size}: build them with "
            f"`python -m pleiade.lab.dalle.data --size {preset.model.size} …`, or choose another preset"
        )
    ranks = join_ranks()
    folder.mkdir(parents=True, exist_ok=True)
    refuse_another_pix(preset, folder / "preset.json")
    if ranks.is_first:
        begin(folder, {"tokenizer": tokenizer_fingerprint(ensure_caption_tokenizer(preset, drawings, folder))})
    ranks.wait_for_all()
    tokenizer = ensure_caption_tokenizer(preset, drawings, folder)
    network = Pix(preset.model)
    init_pix(network, preset.loop.seed)
    objective = FlowMatching(deal(preset, drawings, tokenizer))
    if ranks.is_first:
        write_pix_preset(preset, folder / "preset.json")
        plan = pix_plan(preset, drawings, ranks.size)
        (folder / "plan.txt").write_text(plan + "\n", "utf-8")
        print(plan, flush=True)
    watched = Watched(tokenizer, objective.averages)
    return train(network, objective, preset.loop, preset.optim, preset.schedule, folder, watched, WHOLE)


def train_few(preset: PixPreset, drawings: Drawings, folder: Path) -> Outcome:
    """Distil the base model beside `folder` into one that takes few steps, or resume the run that `folder` holds."""
    few, teacher = preset.few, load_pix(folder.parent, stage="base")
    student = Pix(preset.model)
    student.load_state_dict(teacher.network.state_dict())
    if join_ranks().is_first:
        facts = {"few": asdict(few), "model": weights_fingerprint(student)}
        begin(folder, facts, lambda key: ".loop." in key or ".schedule." in key or key.endswith("micro_rows"))
    stage = replace(preset, rows=few.rows, micro_rows=few.micro_rows, loop=replace(few.loop, seed=few.loop.seed + 1))
    teacher.network.to(join_ranks().device)
    objective = FewSteps(deal(stage, drawings, teacher.tokenizer), teacher.network, few.distil)
    watched = Watched(teacher.tokenizer, objective.averages, few_step=True)
    return train(student, objective, stage.loop, few.optim, few.schedule, folder, watched, WHOLE)


def deal(preset: PixPreset, drawings: Drawings, tokenizer: Tokenizer) -> PictureDealer:
    """The preset's pictures from their beginning."""
    model = preset.model
    stream = PictureStream(
        drawings,
        tokenizer,
        size=model.size,
        seed=preset.loop.seed,
        max_text=model.max_text,
    )
    return PictureDealer(stream, model, preset.flow, preset.rows, preset.micro_rows, preset.loop.seed)


def ensure_caption_tokenizer(preset: PixPreset, drawings: Drawings, folder: Path) -> Tokenizer:
    """The run's tokenizer, trained on sampled captions if it does not exist yet."""
    path = folder / "tokenizer"
    if not (path / "tokenizer.json").exists():
        tokenizer = train_caption_tokenizer(drawings, preset.model.vocab_size)
        save_tokenizer(tokenizer, path, preset.model.max_text)
    return load_tokenizer(path)
