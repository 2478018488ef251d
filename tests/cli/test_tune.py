"""`pleiade train MODEL` finds the model that a person names, or says what to name instead."""

from collections.abc import Callable
from pathlib import Path

from cli.conftest import Shell
from engines.tiny_model import write_tiny_model


def test_what_cannot_be_fine_tuned_is_told_before_anything_starts(
    shell: Shell, gguf_file: Callable[..., Path], tmp_path: Path
) -> None:
    examples = ("--method", "sft", "--examples", str(tmp_path / "x.jsonl"))
    said = shell.fails("train", "nothing", *examples)
    assert "'nothing' is no preset (toy, " in said
    assert "no folder and no registered model (" in said
    shell.ok("model", "add", str(gguf_file("mamba.gguf")))
    assert "mamba is not trained from its gguf form" in shell.fails("train", "mamba", *examples)
    model = write_tiny_model(tmp_path / "tiny")
    assert "say both --method (sft, reward, dpo, grpo) and --examples" in shell.fails(
        "train", str(model), *examples[:2]
    )
    wrong = shell("train", str(model), *examples, "n_epochs=0")
    assert (wrong.exit_code, "n_epochs=0: give a number above 0" in wrong.stderr) == (2, True)
