"""A picture run goes down, goes on after a kill as if there had been none, and ends in a folder to serve."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing_pack import CIRCLE
from killed_pix import CHANGES
from tokenizers import Tokenizer

from limits import files_no_larger_than
from pleiade.engines.image_openvino.folder import graph_paths, read_config
from pleiade.lab.cards.__main__ import main as cards
from pleiade.lab.cards.picture_card import write_picture_card
from pleiade.lab.cards.picture_record import PictureMember, gather_picture
from pleiade.lab.checkpoint import latest_checkpoint, load_checkpoint
from pleiade.lab.dalle.data.build import build_pictures
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.styles import STYLES
from pleiade.lab.dalle.encoder_run import load_encoder
from pleiade.lab.dalle.evals.results import Line, PictureResults, PictureSuite, write_results
from pleiade.lab.dalle.evals.statistics import Estimate
from pleiade.lab.dalle.plan import pix_plan
from pleiade.lab.dalle.presets import PixPreset, override_pix, pix_presets
from pleiade.lab.dalle.run import deal, run_pix, train_base
from pleiade.lab.dalle.sample import load_pix, sample
from pleiade.lab.dalle.stages import share_minutes, way_to
from pleiade.lab.export.from_run import export_run
from pleiade.registry.bundled import verify_bundled
from pleiade.registry.errors import RegistryError

SCRIPT = Path(__file__).parents[1] / "killed_pix.py"


def preset(*changes: str) -> PixPreset:
    return override_pix(pix_presets()["pix-toy"], [*CHANGES, *changes])


@pytest.fixture(scope="module")
def whole(drawings: Drawings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    run = tmp_path_factory.mktemp("pix") / "run"
    assert run_pix(preset("loop.sample_seconds=60"), drawings.folder, run)
    return run


def state(run: Path) -> dict[str, torch.Tensor]:
    newest = latest_checkpoint(run / "base")
    assert newest is not None
    assert newest.name == "checkpoint-00000020.pt"
    kept = load_checkpoint(newest)
    averages = kept["objective"]["averages"]["weights"]
    parts = {"model": kept["model"], "momentum": kept["optimizer"]["momentum"], **averages}
    return {f"{part}.{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}


def test_the_loss_falls_and_pictures_are_counted(whole: Path) -> None:
    rows = [json.loads(line) for line in (whole / "base" / "metrics.jsonl").read_text().splitlines()]
    assert sum(row["loss"] for row in rows[-5:]) < 0.9 * sum(row["loss"] for row in rows[:5])
    assert rows[-1]["tokens"] == 20 * 8
    begun = json.loads((whole / "base" / "events.jsonl").read_text().splitlines()[0])
    assert (begun["event"], begun["unit"]) == ("started", "pictures")


def test_what_it_draws_by_and_by_is_kept_to_be_looked_at(whole: Path) -> None:
    rows = [json.loads(line) for line in (whole / "base" / "samples.jsonl").read_text().splitlines()]
    assert {row["step"] for row in rows} == {0, 20}
    assert all(row["picture"].startswith("data:image/png;base64,") for row in rows)


def test_a_run_killed_and_resumed_ends_on_the_same_bits(whole: Path, drawings: Drawings, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [sys.executable, str(SCRIPT), str(drawings.folder), str(run), "13"]
    killed = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    newest = latest_checkpoint(run / "base")
    assert newest is not None
    assert newest.name == "checkpoint-00000008.pt"
    assert run_pix(preset(), drawings.folder, run)
    assert load_encoder(run / "encoder").version == load_encoder(whole / "encoder").version
    expected, resumed = state(whole), state(run)
    assert expected.keys() == resumed.keys()
    assert [name for name in expected if not torch.equal(expected[name], resumed[name])] == []


def test_the_model_is_told_what_some_pictures_are_like(whole: Path, drawings: Drawings) -> None:
    tokenizer, encoder = load_pix(whole).tokenizer, load_encoder(whole / "encoder")
    with deal(preset("rows=64", "micro_rows=64"), drawings, tokenizer, encoder) as dealer:
        batches = dealer.next_step()
    x_BHWC, told_BE = batches[0].x_BHWC.numpy(), batches[0].picture_BE.numpy()
    told = told_BE.any(axis=1)
    assert 0.2 < told.mean() < 0.6  # drop_picture is 0.6
    assert np.allclose(told_BE[told], encoder.embed_pictures(x_BHWC[told]), atol=1e-5)
    with deal(preset("rows=64", "micro_rows=64", "drawers=1"), drawings, tokenizer, None) as dealer:
        (without,) = dealer.next_step()
    assert not without.picture_BE.any()
    assert torch.equal(without.x_BHWC, batches[0].x_BHWC)


def test_without_a_finished_encoder_it_says_what_to_do_unless_asked_to_do_without(
    drawings: Drawings, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match=r"--until encoder`, or give flow\.drop_picture=1"):
        train_base(preset(), drawings, tmp_path)
    assert train_base(preset("flow.drop_picture=1", "loop.steps=2"), drawings, tmp_path).finished


def test_a_run_goes_on_with_what_it_was_begun_with_or_not_at_all(whole: Path, drawings: Drawings) -> None:
    with pytest.raises(ValueError, match=r"model.num_layers: 2 there, 3 here"):
        run_pix(preset("model.num_layers=3"), drawings.folder, whole)
    with pytest.raises(ValueError, match="32 pixels wide, the model makes 16"):
        run_pix(preset("model.size=16"), drawings.folder, whole)


def test_a_run_begins_with_the_weights_words_and_likeness_of_another_one(
    whole: Path, drawings: Drawings, tmp_path: Path
) -> None:
    run, style = tmp_path / "run", drawings.rows[0].style
    here = preset(f"begin_with={whole}", f"styles={style}", "scenes=0", "loop.steps=1", "optim.muon_lr=0")
    assert run_pix(here, drawings.folder, run)
    assert load_encoder(run / "encoder").version == load_encoder(whole / "encoder").version
    before, now = (load_checkpoint(latest_checkpoint(one / "base") or one)["model"] for one in (whole, run))
    steady = [name for name in now if torch.equal(now[name], before[name])]
    assert any("q_proj" in name for name in steady), "what a rate of zero leaves alone is as it was"
    with deal(here, drawings, load_pix(run).tokenizer, None) as dealer:
        assert {STYLES.index(style) + 1, 0} >= {int(one) for one in dealer.stream.draw(0, 16).style_B}
    record = gather_picture("toy", "a desk", "", drawings.folder, run, run / "export")
    assert (record.earlier, record.stages[-1].tokens) == (20 * 8, 8)
    assert {f"styles={style}", "scenes=0.0"} <= set(record.changes)
    assert "0 thousand, in runs whose weights it began with" in write_picture_card(PictureMember(record, None))


def test_with_ones_own_drawings_it_begins_with_another_runs_likeness_and_names_whom_that_learned_from(
    whole: Path, tmp_path: Path
) -> None:
    mine, run = tmp_path / "mine", tmp_path / "run"
    for name, colour in (
        ("red-rocket", "red"),
        ("blue-whale", "blue"),
        ("green-tree", "green"),
        ("black-cat", "black"),
    ):
        path = mine / "outline" / f"{name}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CIRCLE.format(colour), "utf-8")
    (mine / "LICENCE.txt").write_text("MIT\n", "utf-8")
    build_pictures(mine, tmp_path / "pictures", size=32)
    here = preset(f"begin_with={whole}", "scenes=0", "loop.steps=1")
    with files_no_larger_than(50_000), pytest.raises(OSError, match="File too large"):
        run_pix(here, tmp_path / "pictures", run)
    for _ in range(2):
        assert run_pix(here, tmp_path / "pictures", run)
    assert load_encoder(run / "encoder").version == load_encoder(whole / "encoder").version
    lines = (run / "export" / "ATTRIBUTION.md").read_text("utf-8").splitlines()
    ours, theirs = ((folder / "ATTRIBUTION.md").read_text("utf-8") for folder in (tmp_path / "pictures", whole))
    assert lines == [*ours.splitlines(), "", *theirs.splitlines()]
    assert (run / "export" / "LICENCES.md").read_text("utf-8") == (whole / "LICENCES.md").read_text("utf-8")


def test_it_cannot_begin_with_another_shape_or_learn_styles_that_are_not_there(
    whole: Path, drawings: Drawings, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"its network is another one.*num_layers"):
        run_pix(preset(f"begin_with={whole}", "model.num_layers=1"), drawings.folder, tmp_path / "one")
    with pytest.raises(FileNotFoundError, match="no checkpoint is in"):
        run_pix(preset(f"begin_with={tmp_path}", "flow.drop_picture=1"), drawings.folder, tmp_path / "two", "base")
    with pytest.raises(ValueError, match="no drawing is in watercolour; there are"):
        run_pix(preset("styles=watercolour"), drawings.folder, tmp_path / "three")


def test_the_folder_to_serve_says_what_is_in_it(whole: Path) -> None:
    config = json.loads((whole / "export" / "config.json").read_text())
    assert (config["architectures"], config["size"], config["few_step"]) == (["PleiadePix"], 32, False)
    assert all((whole / "export" / name).exists() for name in config["files"].values())
    tokenizer = Tokenizer.from_file(str(whole / "export" / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == config["vocab_size"]


def test_few_steps_that_were_stopped_by_a_number_that_is_none_go_on_with_lower_rates(
    whole: Path, drawings: Drawings, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(whole, tmp_path / "run"))
    steep = preset("few.loop.steps=2", "few.optim.muon_lr=1e38", "few.optim.embedding_lr=1e38")
    with pytest.raises(FloatingPointError, match=r"\(few\.optim\.muon_lr, few\.optim\.embedding_lr\)"):
        run_pix(steep, drawings.folder, run, "few")
    assert run_pix(preset("few.loop.steps=2"), drawings.folder, run, "few")


def test_all_stages_end_in_a_folder_that_the_engine_and_the_registry_read(
    whole: Path, drawings: Drawings, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(whole, tmp_path / "run"))
    assert run_pix(preset("few.loop.steps=2", "enlarger.loop.steps=2"), drawings.folder, run, "enlarger")
    export, sums = run / "export", (run / "export" / "SHA256SUMS").read_text().splitlines()
    assert len(graph_paths(export, read_config(export).files)) == 5
    assert {line.split("  ")[1] for line in sums} == {path.name for path in export.iterdir()} - {"SHA256SUMS"}
    verify_bundled("pix", export)
    assert "Noto Emoji © Google Inc." in (export / "ATTRIBUTION.md").read_text()
    assert (export / "LICENCES.md").exists()
    small = export_run(run, tmp_path / "small", quantisation="int8", tell=lambda _: None)
    assert (small / "picture.onnx").stat().st_size < 0.8 * (export / "picture.onnx").stat().st_size
    with pytest.raises(ValueError, match="draws no pictures: choose one of base, few"):
        export_run(run, tmp_path / "other", "chat", tell=lambda _: None)
    (export / "words.onnx").write_bytes(b"another")
    with pytest.raises(RegistryError, match=r"words\.onnx is not what was published"):
        verify_bundled("pix", export)


def test_minutes_are_shared_out_to_the_stages_on_the_way(tmp_path: Path) -> None:
    assert share_minutes(24, "enlarger") == [
        "encoder.loop.minutes=2.00",
        "loop.minutes=12.00",
        "few.loop.minutes=8.00",
        "enlarger.loop.minutes=2.00",
    ]
    assert share_minutes(7, "base") == ["encoder.loop.minutes=1.00", "loop.minutes=6.00"]
    assert share_minutes(2, "measuring") == ["encoder.loop.minutes=2.00"]
    told = pix_plan(preset(*share_minutes(22, "few")), None, 1, tmp_path, way_to("few"))
    assert "base        12 minutes, 8 pictures a step" in told
    assert "enlarger" not in told


def test_the_plan_tells_how_long_a_stage_takes_where_one_like_it_has_run(whole: Path) -> None:
    told = pix_plan(preset(), None, 1, whole.parent / "next").splitlines()
    base = next(line for line in told if line.startswith("  base"))
    assert "20 steps = 160 pictures" in base
    assert base.endswith(f"pictures/s, as measured on one rank in {whole / 'base'}")
    wider = pix_plan(preset("model.hidden_size=64"), None, 1, whole.parent / "next")
    assert "as measured" not in wider


def test_large_drawings_that_are_not_there_are_asked_for_before_any_training(
    drawings: Drawings, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(drawings.folder, tmp_path / "data", ignore=shutil.ignore_patterns("large")))
    with pytest.raises(FileNotFoundError, match=r"--large 0\.03"):
        run_pix(preset(), data, tmp_path / "run", "enlarger")
    assert not (tmp_path / "run").exists()


def test_what_was_trained_can_be_drawn_from(whole: Path) -> None:
    pix = load_pix(whole)
    drawn = sample(pix, ["a red cat"], steps=2, guidance=2.0, seed=3)
    assert drawn.shape == (1, 32, 32, 4)
    last = dataclasses.replace(pix, network=load_pix(whole, average="").network)
    assert (sample(last, ["a red cat"], steps=2, guidance=2.0, seed=3) != drawn).any()


def test_a_card_tells_the_run_its_files_and_every_measure(whole: Path, drawings: Drawings, tmp_path: Path) -> None:
    seen, docs, export = tmp_path / "seen", tmp_path / "docs", shutil.copytree(whole / "export", tmp_path / "export")
    seen.mkdir()
    values = {"toy": Estimate(0.25, 0.125, 0.375, 40), "real pictures": Estimate(0.875, 0.75, 1.0, 40)}
    suite = PictureSuite("Held-out cells", "How it is measured.", [Line("style", "share", "higher", values, "fr", 0.1)])
    write_results(PictureResults("toy", {"steps": "4"}, "v1", {"cells": suite}), seen / "results.json")
    shutil.copyfile(next(whole.glob("base/curve.png")), seen / "contact.png")
    told = ["--data", str(drawings.folder), "--run", str(whole), "--export", str(export), "--examination", str(seen)]
    cards(["picture", "--name", "toy", *told, "--machine", "a desk", "--docs", str(docs), "--bundled", str(tmp_path)])
    card = (docs / "models" / "toy.md").read_text("utf-8")
    assert "| style | fr | 25.0 % (12.5 to 37.5) | 87.5 % (75.0 to 100.0) | 10.0 % |" in card
    for path in export.glob("*.onnx"):
        assert f"{path.name} {path.stat().st_size / 1e6:.2f} MB" in card
    assert "20 steps" in card
    assert "pleiade train pix-toy --data PICTURES --run RUN model.size=32" in card
    assert (docs / "models" / "toy-contact.png").is_file()
    assert "contact.png" not in (export / "README.md").read_text("utf-8")
    assert "[toy](models/toy.md)" in (docs / "models.md").read_text("utf-8")
