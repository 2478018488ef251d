"""An examination can be interrupted, extended and read; results of two models never mix."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from corpora import toy_tokenizer
from typer.testing import CliRunner

from pleiade.cli.commands import app
from pleiade.lab.evals.command import evaluate
from pleiade.lab.evals.examine import examine
from pleiade.lab.evals.local import LocalScorer
from pleiade.lab.evals.networks import gpt_network
from pleiade.lab.evals.scorer import EvalError, Likelihood
from pleiade.lab.evals.suite import Setting
from pleiade.lab.evals.suites.blimp import SUITE as BLIMP
from pleiade.lab.export.huggingface import export_huggingface
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights


def toy() -> Gpt:
    model = Gpt(GptConfig(512, 64, 1, 2, 1, 32, 128, max_position=512))
    init_weights(model, seed=3)
    return model


class Counting:
    """The toy model, counting what it is asked; it gives out after `patience` questions."""

    def __init__(self, name: str = "toy", patience: int = 10**9) -> None:
        self._scorer = LocalScorer(gpt_network(toy(), toy_tokenizer(), name))
        self.name, self.facts, self.asked, self.patience = name, self._scorer.facts, 0, patience

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[Likelihood]:
        if self.asked + len(pairs) > self.patience:
            raise KeyboardInterrupt
        self.asked += len(pairs)
        return self._scorer.likelihoods(pairs)

    def __getattr__(self, name: str) -> object:
        return getattr(self._scorer, name)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    """300 pairs of two phenomena, and ten questions."""
    (tmp_path / "eval/blimp").mkdir(parents=True)
    (tmp_path / "eval/copa").mkdir()
    rows = [
        {"uid": f"u{i % 3}", "phenomenon": f"p{i % 2}", "pair": str(i), "good": f"they are {i}", "bad": f"is they {i}"}
        for i in range(300)
    ]
    (tmp_path / "eval/blimp/test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    row = {"query": "It rained, so", "choices": ["they got wet.", "they dried."], "gold": 0}
    (tmp_path / "eval/copa/test.jsonl").write_text((json.dumps(row) + "\n") * 10)
    return Setting(tmp_path)


def test_an_interrupted_examination_goes_on_and_ends_on_the_same_numbers(setting: Setting, tmp_path: Path) -> None:
    (whole,) = examine(Counting(), [BLIMP], setting, None, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        examine(Counting(patience=300), [BLIMP], setting, None, tmp_path / "cut")
    file = tmp_path / "cut/items/blimp.jsonl"
    kept = len(file.read_text().splitlines())
    assert kept == BLIMP.batch
    with file.open("ab") as lines:
        lines.write('{"id": "of another sample", "answer": "two\u2028lines"}\n'.encode())
        lines.write('{"id": "half a lé'.encode()[:-1])  # the power went
    second = Counting()
    (resumed,) = examine(second, [BLIMP], setting, None, tmp_path / "cut")
    assert second.asked == 2 * (300 - kept)
    assert resumed.numbers == whole.numbers
    again = Counting()
    examine(again, [BLIMP], setting, None, tmp_path / "cut")
    assert again.asked == 0


def test_a_larger_limit_adds_to_the_smaller_sample(setting: Setting, tmp_path: Path) -> None:
    examine(Counting(), [BLIMP], setting, 30, tmp_path / "out")
    more = Counting()
    (report,) = examine(more, [BLIMP], setting, 60, tmp_path / "out")
    assert (more.asked, report.items, report.items_in_set) == (60, 60, 300)


def test_results_of_another_model_are_not_mixed_in(setting: Setting, tmp_path: Path) -> None:
    examine(Counting(), [BLIMP], setting, 10, tmp_path / "out")
    with pytest.raises(EvalError, match=r"holds results of toy .*not of other"):
        examine(Counting("other"), [BLIMP], setting, 10, tmp_path / "out")


def test_a_report_is_one_json_and_one_picture_with_the_protocol_beside_the_numbers(
    setting: Setting, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    told = evaluate(Counting(), ["blimp", "copa", "style"], setting, 4, out)
    written = json.loads((out / "results.json").read_text())
    assert list(written["suites"]) == ["blimp", "copa", "style"]
    assert written["suites"]["copa"]["numbers"][0]["chance"] == 0.5
    for suite in written["suites"].values():
        assert suite["protocol"] in told
    assert "English beside French" in told
    assert (out / "results.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_examines_a_folder_and_says_what_is_wrong_in_one_sentence(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    export_huggingface(toy(), toy_tokenizer(), tmp_path / "model")

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["eval", *arguments])
        return result.exit_code, result.output

    code, output = run("model", "--suite", "copa,blimp", "--data", str(setting.data), "--limit", "4")
    assert code == 0, output
    assert "BLiMP" in output
    assert (tmp_path / "eval/model/results.json").is_file()
    for arguments, sentence in (
        (("model", "--suite", "blump"), "there is no suite 'blump'; there are: heldout"),
        (("model", "--suite", "piqa", "--data", str(setting.data)), f"in {setting.data}/eval/piqa"),
        (("model", "--suite", "blimp", "--url", "http://127.0.0.1:9"), "name a MODEL"),
        ((), "there is no suite ''"),
    ):
        code, output = run(*arguments)
        assert (code, sentence in output) == (1, True), output


def test_evaluating_without_the_lab_says_how_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = CliRunner().invoke(app, ["eval", "model", "--suite", "blimp"])
    assert (result.exit_code, "pip install 'pleiade[lab]'" in result.output) == (1, True)
