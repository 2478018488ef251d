"""A whole examination of a toy: every suite beside its baselines, kept as it goes, refused where models would mix."""

import json

import numpy as np
import pytest
from drawing_pack import write_pack
from PIL import Image
from toypix import toy_pix

from pleiade.lab.dalle.data.build import build_pictures
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.pixels import Rgba
from pleiade.lab.dalle.data.scenes import exact_prompts
from pleiade.lab.dalle.encoder import DualEncoder, EncoderConfig
from pleiade.lab.dalle.encoder_run import Encoder
from pleiade.lab.dalle.evals.exact import check_of, drawn
from pleiade.lab.dalle.evals.examine import SUITES, examine_pictures
from pleiade.lab.dalle.evals.painters import Model
from pleiade.lab.dalle.evals.prompts import CONTACT
from pleiade.lab.dalle.evals.results import PictureResults, read_results, told
from pleiade.lab.dalle.evals.setting import Setting
from pleiade.lab.dalle.evals.tasks import drawing_tasks
from pleiade.lab.evals.scorer import EvalError

HOW = {"kind": "toy"}


class Counting(Model):
    """The toy model, counting the pictures that it is asked for."""

    painted = 0

    def paint(self, tasks: list, seed: int) -> Rgba:  # type: ignore[type-arg, override]
        self.painted += len(tasks)
        return super().paint(tasks, seed)


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Drawings:
    folder = write_pack(tmp_path_factory.mktemp("held") / "pack")
    splits = {"h1": ["kite", "ball"], "h2": {"solid": ["loaf-of-bread", "two-boxes"]}, "near": []}
    (folder / "splits.json").write_text(json.dumps(splits), encoding="utf-8")
    out = tmp_path_factory.mktemp("pictures16")
    build_pictures(folder, out, size=16)
    return Drawings.open(out)


@pytest.fixture(scope="module")
def setting(drawings: Drawings, tmp_path_factory: pytest.TempPathFactory) -> Setting:
    pix = toy_pix(few_step=True)
    config = EncoderConfig(
        size=16, vocab_size=512, channels=(8, 8, 16), width=16, layers=1, heads=2, embedding=16, max_text=16
    )
    encoder = Encoder(DualEncoder(config).eval(), pix.tokenizer, "toy")
    folder = tmp_path_factory.mktemp("examined")
    return Setting(Counting(pix, steps=2, guidance=2.0), drawings, encoder, folder / "seen", folder / "out", limit=4)


@pytest.fixture(scope="module")
def results(setting: Setting) -> PictureResults:
    return examine_pictures(setting, "toy", HOW, list(SUITES))


def test_every_suite_stands_beside_real_pictures(setting: Setting, results: PictureResults) -> None:
    assert list(results.suites) == list(SUITES)
    assert read_results(setting.out / "results.json") == results
    for suite in results.suites.values():
        assert any({"model", "real"} <= line.values.keys() for line in suite.lines)
        assert suite.protocol in told(results)


def test_real_drawings_are_their_own_truth_and_untouched_edits_are_exact(results: PictureResults) -> None:
    cells = {(line.name, line.language): line for line in results.suites["cells"].lines}
    assert cells["distance to the true drawing", ""].values.keys() == {
        "model", "nearest icon", "nearest style", "wrong style", "other thing",
    }  # fmt: skip
    assert cells["retrieval R@5", "fr"].chance == 0.05
    found = [cells["retrieval R@5", language].values for language in ("en", "fr")]
    for name, share in cells["R@5 in that style", ""].values.items():
        assert share.value <= cells["style recognised", ""].values[name].value, name
        assert share.value <= sum(values[name].value for values in found) / 2, name
    edits = {line.name: line for line in results.suites["edits"].lines}
    assert edits["outpainting: pictures untouched outside"].values["model"].value == 1
    assert edits["inpainting: pictures untouched outside"].values["model"].value == 1
    exact = {line.name: line for line in results.suites["exact"].lines}
    assert exact["colour"].values["real"].value == 1


def test_the_sheets_show_every_prompt_and_the_nearest_pairs(setting: Setting, results: PictureResults) -> None:
    sheet = Image.open(setting.out / "contact.png")
    assert len(CONTACT) == 64
    assert sheet.width > 8 * 128
    assert sheet.height > 8 * 128
    assert (setting.out / "copies.png").exists()


def test_the_same_command_paints_nothing_again(setting: Setting, results: PictureResults) -> None:
    assert isinstance(setting.model, Counting)
    before = setting.model.painted
    assert examine_pictures(setting, "toy", HOW, list(SUITES)) == results
    assert setting.model.painted == before
    next((setting.out / "painted/cells").glob("*.npy")).unlink()
    assert examine_pictures(setting, "toy", HOW, ["cells"]).suites["cells"] == results.suites["cells"]
    assert setting.model.painted == before + 4


def test_pictures_of_two_models_do_not_mix(setting: Setting, results: PictureResults) -> None:
    with pytest.raises(EvalError, match="another --out"):
        examine_pictures(setting, "another", HOW, ["cells"])
    with pytest.raises(EvalError, match="there is no suite 'fid'"):
        examine_pictures(setting, "toy", HOW, ["fid"])


def test_tasks_are_held_out_named_in_both_languages_and_a_larger_limit_only_adds(drawings: Drawings) -> None:
    tasks = drawing_tasks(drawings, "cells", 100)
    assert {drawings.rows[task.row].split for task in tasks} == {"h2"}
    assert [task.language for task in tasks] == ["en", "fr"] * (len(tasks) // 2)
    assert tasks[:2] == drawing_tasks(drawings, "cells", 2)
    assert tasks[0].prompt.endswith(" in black, transparent background")


@pytest.mark.parametrize("kind", ["colour", "count", "position"])
def test_the_checks_are_right_about_drawn_prompts_and_wrong_prompts_are_seen(kind: str) -> None:
    prompts = exact_prompts(kind, 40, seed=5)  # type: ignore[arg-type]
    pictures = [drawn(truth, 64, number) for number, (_, truth) in enumerate(prompts)]
    checks = [check_of(truth) for _, truth in prompts]
    assert np.mean([check.holds(rgba) for check, rgba in zip(checks, pictures, strict=True)]) >= 0.95
    others = [check.holds(rgba) for check, rgba in zip(checks, pictures[1:] + pictures[:1], strict=True)]
    assert np.mean(others) < 0.5
