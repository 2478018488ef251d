"""A checkpoint is whole or it is not used, and a failed one harms no other."""

import resource
from pathlib import Path

import pytest
import torch

from pleiade.lab.checkpoint import CheckpointError, latest_checkpoint, load_checkpoint, save_checkpoint


def state(step: int) -> dict[str, object]:
    return {"step": step, "weights": torch.full((50_000,), float(step))}


def test_the_newest_ones_are_kept(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-00000005.tmp").write_bytes(b"what a kill left")
    (tmp_path / "checkpoint-00000006.tmp").mkdir()
    for step in (10, 20, 30):
        save_checkpoint(tmp_path, step, state(step))
    assert [path.name for path in sorted(tmp_path.glob("*.pt"))] == ["checkpoint-00000020.pt", "checkpoint-00000030.pt"]
    assert len(list(tmp_path.iterdir())) == 4  # and their checksums


def test_a_damaged_checkpoint_is_passed_over_and_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tmp_path, 10, state(10))
    newest = save_checkpoint(tmp_path, 20, state(20))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1  # one bit, where the weights are
    newest.write_bytes(content)
    good = latest_checkpoint(tmp_path)
    assert good is not None
    assert load_checkpoint(good)["step"] == 10
    assert "checkpoint-00000020.pt is damaged" in capsys.readouterr().out


def test_a_full_disk_leaves_the_old_checkpoint_and_says_what_to_do(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 10, state(10))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))  # a file of this process may grow no larger
    try:
        with pytest.raises(CheckpointError, match=r"step 20 cannot be written .* make room there"):
            save_checkpoint(tmp_path, 20, state(20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert latest_checkpoint(tmp_path) == tmp_path / "checkpoint-00000010.pt"
    assert not list(tmp_path.glob("*.tmp"))
