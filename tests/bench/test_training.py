"""The comparison of training loops runs with nothing but the repository, and its arithmetic is right."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
sys.path.append(str(BENCH))

from training import Shape, beyond, main, seconds_to  # noqa: E402
from training_turns import busy_seconds_between  # noqa: E402


@pytest.mark.timeout(900)
def test_without_peers_the_script_says_so_measures_the_rest_and_ends_with_its_result() -> None:
    command = [sys.executable, str(BENCH / "training.py"), "--toy"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("nanoGPT is absent: give a checkout with --nanogpt DIR")
    assert lines[1].startswith("nanochat is absent")
    speed = next(line.split() for line in lines if line.startswith("pleiade ") and line.count(".") >= 3)
    assert int(speed[-3].replace(",", "")) > 0  # tokens a second
    assert any(line.startswith("pleiade: ") and "nats per token after 6 steps" in line for line in lines)
    assert lines[-1] == "result: train_tokens=nan train_time=nan"


def test_a_folder_that_is_no_checkout_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["training.py", "--nanogpt", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match="no such folder"):
        main()


def test_time_in_which_a_contestant_stood_still_or_was_examined_is_counted_once() -> None:
    idle = [(2.0, 4.0), (3.0, 5.0), (9.0, 20.0), (-3.0, 0.5)]
    assert busy_seconds_between(0.0, 10.0, idle) == pytest.approx(10.0 - 3.0 - 1.0 - 0.5)
    assert busy_seconds_between(0.0, 1.0, []) == 1.0


def test_rates_are_tried_until_the_best_has_a_worse_one_on_either_side() -> None:
    assert beyond({1e-3: 5.0, 2e-3: 4.0, 4e-3: 4.5}) == []
    assert beyond({1e-3: 3.5, 2e-3: 4.0, 4e-3: 4.5}) == [5e-4]
    assert beyond({1e-3: 5.0, 2e-3: 4.0, 4e-3: 3.5}) == [8e-3]
    assert beyond({1e-3: 5.0, 2e-3: math.nan}) == [5e-4]


def test_the_time_to_a_loss_lies_between_two_looks_and_is_endless_if_it_is_never_reached() -> None:
    curve = [{"seconds": 10.0, "loss": 5.0}, {"seconds": 20.0, "loss": 3.0}, {"seconds": 30.0, "loss": 2.9}]
    assert seconds_to(curve, 4.0) == pytest.approx(15.0)
    assert seconds_to(curve, 5.5) == 10.0
    assert seconds_to(curve, 1.0) == math.inf


def test_matrices_of_a_shape_are_as_many_as_those_of_a_plain_decoder() -> None:
    for shape in (Shape(8192, 384, 4, 6, 256), Shape(32768, 768, 12, 6, 1024)):
        assert shape.ours().num_matrix_params == shape.layers * 12 * shape.width**2
    with pytest.raises(ValueError, match="multiple of 3"):
        Shape(512, 64, 2, 2, 64).ours()
