"""What no one would give a picture run on purpose ends in one sentence that says what to do, and nothing is lost."""

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from killed_pix import SHAPE

from pleiade.lab.checkpoint import latest_checkpoint
from pleiade.lab.dalle.__main__ import main
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.encoder_run import load_encoder
from pleiade.lab.dalle.presets import override_pix, pix_presets
from pleiade.lab.dalle.run import train_base, train_likeness
from pleiade.lab.launch import REFUSED

SHORT = ("encoder.loop.steps=4", "encoder.loop.checkpoint_steps=2", "loop.steps=2", "loop.sample_seconds=0")
PRESET = override_pix(pix_presets()["pix-toy"], [*SHAPE, *SHORT])
Said = Callable[..., str]


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Said:
    """What the command says as it refuses."""

    def run_and_read(data: Path, run: Path, *changes: str, until: str = "base") -> str:
        arguments = ["pix-toy", "--data", str(data), "--run", str(run), "--until", until, *SHAPE, *SHORT, *changes]
        assert main(arguments) == REFUSED
        lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("pleiade: ")]
        assert len(lines) == 1, lines
        return lines[0]

    return run_and_read


@pytest.fixture(scope="module")
def encoded(drawings: Drawings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose encoder is trained."""
    run = tmp_path_factory.mktemp("encoded") / "run"
    assert train_likeness(PRESET, drawings, run).finished
    return run


def test_a_folder_that_holds_no_built_drawings_is_told_how_to_be_built(pack: Path, tmp_path: Path, said: Said) -> None:
    assert "python -m pleiade.lab.dalle.data --source" in said(pack, tmp_path / "run")
    assert "python -m pleiade.lab.dalle.data --source" in said(pack / "LICENCES.md", tmp_path / "run")


def test_drawings_of_another_size_are_refused_with_the_size_to_build(
    drawings: Drawings, tmp_path: Path, said: Said
) -> None:
    assert "dalle.data --size 64" in said(drawings.folder, tmp_path / "run", "model.size=64")


@pytest.mark.parametrize(
    ("name", "damage", "sentence"),
    [
        ("done.json", lambda path: path.write_text("{"), "is damaged"),
        ("drawings.jsonl", lambda path: path.write_bytes(path.read_bytes()[:-40]), "is damaged"),
        ("pixels-32.u8", lambda path: path.unlink(), "is damaged"),
        ("pixels-32.u8", lambda path: path.write_bytes(path.read_bytes()[:-1]), "is not whole"),
    ],
)
def test_damaged_drawings_are_named(
    drawings: Drawings, tmp_path: Path, said: Said, name: str, damage: Callable[[Path], object], sentence: str
) -> None:
    data = Path(shutil.copytree(drawings.folder, tmp_path / "data"))
    damage(data / name)
    assert f"{data} {sentence}" in said(data, tmp_path / "run")


def test_a_damaged_encoder_is_named_and_an_older_checkpoint_of_it_is_taken(
    encoded: Path, drawings: Drawings, tmp_path: Path, said: Said
) -> None:
    run = Path(shutil.copytree(encoded, tmp_path / "run"))
    newest = latest_checkpoint(run / "encoder")
    assert newest is not None
    newest.write_bytes(b"not what was written")
    with pytest.raises(FileNotFoundError, match="no finished encoder"):  # the one before it is not the last step's
        train_base(PRESET, drawings, run)
    assert train_likeness(PRESET, drawings, run).finished
    assert load_encoder(run / "encoder").version == load_encoder(encoded / "encoder").version
    for path in (run / "encoder").glob("checkpoint-*.pt"):
        path.write_bytes(b"nor this")
    assert "to begin this stage again from its first step" in said(drawings.folder, run)


def test_an_encoder_that_does_not_fit_its_record_is_named(encoded: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(encoded / "encoder", tmp_path / "encoder"))
    record = json.loads((folder / "begun.json").read_text())
    (folder / "begun.json").write_text(json.dumps(record | {"config": record["config"] | {"width": 32}}))
    with pytest.raises(ValueError, match=r"is damaged .* remove that folder to train it again"):
        load_encoder(folder)


def test_a_likeness_of_another_width_is_refused(encoded: Path, drawings: Drawings, tmp_path: Path) -> None:
    run = Path(shutil.copytree(encoded, tmp_path / "run"))
    wider = override_pix(PRESET, ["model.image_embedding=24"])
    with pytest.raises(ValueError, match=r"in 16 numbers, the model reads 24"):
        train_base(wider, drawings, run)


def test_a_full_disk_ends_a_run_in_a_sentence_and_the_same_command_goes_on(
    encoded: Path, drawings: Drawings, tmp_path: Path, said: Said
) -> None:
    run = Path(shutil.copytree(encoded, tmp_path / "run"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))  # the base's checkpoint takes more
    try:
        sentence = said(drawings.folder, run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "make room there; the same command then goes on" in sentence
    assert train_base(PRESET, drawings, run).finished


def test_a_damaged_record_of_the_base_is_named(encoded: Path, drawings: Drawings, tmp_path: Path, said: Said) -> None:
    run = Path(shutil.copytree(encoded, tmp_path / "run"))
    (run / "base" / "preset.json").write_text("{")
    assert f"{run / 'base' / 'preset.json'} is damaged" in said(drawings.folder, run)


def test_a_stage_and_numbers_that_cannot_be_are_refused(drawings: Drawings, tmp_path: Path, said: Said) -> None:
    for change, sentence in (
        ("rows=6", "rows=6 must be a multiple of micro_rows=4"),
        ("flow.masked=2", "flow.masked=2.0 must be between 0 and 1"),
        ("few.distil.teacher_steps=0", "few.distil.teacher_steps=0 must be at least 1"),
        ("few.distil.method=magic", "choose meanflow or halves"),
        ("flow.mask=1", "unknown key 'flow.mask'"),
    ):
        assert sentence in said(drawings.folder, tmp_path / "run", change)
