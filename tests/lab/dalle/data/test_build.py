"""Drawings are rendered once, only those that may be trained on, and a stopped build goes on."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from drawing_pack import CIRCLE, row, write_pack
from PIL import Image

from pleiade.lab.dalle.data import build
from pleiade.lab.dalle.data import pack as pack_module
from pleiade.lab.dalle.data.build import build_pictures
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.pixels import Rgba
from pleiade.lab.dalle.data.render import render_picture


def test_what_may_not_be_trained_on_is_left_out_and_counted(drawings: Drawings) -> None:
    assert {r.set for r in drawings.rows} == {"noto", "tabler", "cil"}
    told = json.loads((drawings.folder / "licences.json").read_text())
    assert told["left_out"] == {"no licence file": 1, "licence CC-BY-SA-4.0": 1}
    assert told["sets"]["cil"]["licence"] == "CC-BY-4.0"


def test_every_set_is_attributed_in_the_file_that_ships_with_weights(drawings: Drawings) -> None:
    for line in ("Noto Emoji © Google Inc.", "Tabler Icons by Paweł Kuna, MIT.", "CoreUI Free, CC BY 4.0; changed."):
        assert line in drawings.attribution


def test_held_out_drawings_are_in_no_training_split(drawings: Drawings) -> None:
    splits = {(r.concept, r.set): r.split for r in drawings.rows}
    assert {split for (concept, _), split in splits.items() if concept == "kite"} == {"h1"}
    assert splits["loaf-of-bread", "tabler"] == "h2"
    assert splits["two-boxes", "cil"] == "near"
    assert len(drawings.split("train")) == 10


def test_one_colour_drawings_keep_their_coverage_in_alpha_and_are_black(drawings: Drawings) -> None:
    index = next(i for i, r in enumerate(drawings.rows) if r.set == "tabler" and r.name == "two boxes")
    picture, told = drawings.pixels[index], drawings.rows[index]
    assert told.mono
    assert told.parts == 2
    assert not picture[..., :3].any()
    assert 0.1 < (picture[..., 3] / 255).mean() < 0.15  # two of 6 x 6 in 24 x 24


def test_a_stopped_build_goes_on_to_the_same_bytes(
    pack: Path, drawings: Drawings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "BATCH", 4)
    rendered, whole = 0, build.render

    def stopping(source: pack_module.Source, size: int) -> tuple[Rgba, bool]:
        nonlocal rendered
        rendered += 1
        if rendered == 11:
            raise KeyboardInterrupt
        return whole(source, size)

    monkeypatch.setattr(build, "render", stopping)
    with pytest.raises(KeyboardInterrupt):
        build_pictures(pack, tmp_path / "out", size=32)
    with pytest.raises(FileNotFoundError, match="goes on where it stopped"):
        Drawings.open(tmp_path / "out")
    rendered = 100
    done = build_pictures(pack, tmp_path / "out", size=32)
    assert rendered - 100 == 15 - 8  # two batches of four were safe
    assert json.loads((drawings.folder / "done.json").read_text())["sha256"] == done.sha256


def test_another_size_or_source_is_refused(pack: Path, drawings: Drawings, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 px"):
        build_pictures(pack, drawings.folder, size=64)
    with pytest.raises(ValueError, match="another source"):
        build_pictures(
            write_pack(tmp_path / "b", [row("noto/z", "noto", "noto", "MIT", CIRCLE, "z")]), drawings.folder, size=32
        )


def test_a_drawing_that_cannot_be_rendered_is_counted_not_fatal(tmp_path: Path) -> None:
    bad = [
        row("noto/bad", "noto", "noto", "MIT", "<svg", "bad"),
        row("noto/ok", "noto", "noto", "MIT", CIRCLE.format("red"), "ok"),
    ]
    done = build_pictures(write_pack(tmp_path / "pack", bad), tmp_path / "out", size=16)
    assert done.drawings == 1
    assert json.loads((tmp_path / "out" / "licences.json").read_text())["left_out"] == {"cannot be rendered": 1}


def test_a_folder_of_files_is_a_source_too(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "solid").mkdir(parents=True)
    (folder / "solid" / "red-ball.svg").write_text(CIRCLE.format("#de2024"))
    (folder / "solid" / "red-ball.txt").write_text("big red ball\ntoy, round\n")
    with pytest.raises(FileNotFoundError, match=r"LICENCE\.txt"):
        list(pack_module.read_sources(folder))
    (folder / "LICENCE.txt").write_text("CC0-1.0\n")
    build_pictures(folder, tmp_path / "out", size=16)
    (told,) = Drawings.open(tmp_path / "out").rows
    assert (told.name, told.keywords_en, told.style, told.licence) == (
        "big red ball",
        ("toy", "round"),
        "solid",
        "CC0-1.0",
    )


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "pack", [{"id": "a"}])
    with pytest.raises(ValueError, match=r"drawings.jsonl.xz line 1 is no drawing"):
        list(pack_module.read_sources(folder))


def test_pixel_art_is_enlarged_without_blur(tmp_path: Path) -> None:
    art = np.random.default_rng(1).integers(0, 256, (10, 10, 4), np.uint8)
    art[..., 3] = 255
    file = io.BytesIO()
    Image.fromarray(art).save(file, "png")
    made = render_picture(file.getvalue(), 64)
    assert (made[2:62, 2:62] == art.repeat(6, 0).repeat(6, 1)).all()
    assert not made[:2].any()
