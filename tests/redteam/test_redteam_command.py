"""`pleiade redteam` against an API: what it prints, how it stops and goes on, and how it ends."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pleiade.cli import app
from pleiade.redteam.garak import read_report

FAKE_GARAK = Path(__file__).parent / "fake_garak.py"


@pytest.fixture
def redteam(api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `pleiade redteam chat …` in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["redteam", "chat", "--url", api.url, "--key", "k", *words])

    return run


def told(path: str = "out.json") -> Any:
    return json.loads(Path(path).read_text())


def test_rates_are_printed_by_category_and_written_as_json(api: Any, redteam: Any) -> None:
    api.answer = lambda text: "STAB" if "you" in text.lower() else "I'm sorry, I can't help with that."
    done = redteam("--only", "violence", "--language", "en", "--json", "out.json")
    assert done.exit_code == 0, done.output
    for word in ("violence", "role_play", "base64", "harmless look-alikes", "95 %"):
        assert word in done.stdout
    found = told()
    assert found["complete"] is True
    assert found["known"] == found["items"] == 60
    assert 0 < found["overall"]["leaked"]["rate"] < 1
    assert found["overall"]["blocked"]["hits"] + found["overall"]["leaked"]["hits"] == 20
    assert found["false_refusals"]["en"]["hits"] > 30
    records = Path("redteam-chat.jsonl")
    assert records.stat().st_mode & 0o077 == 0
    assert len(records.read_text().splitlines()) == 61


def test_what_the_filter_refuses_or_empties_is_blocked_and_ends_the_conversation(api: Any, redteam: Any) -> None:
    refused = (400, {}, {"code": "content_filter", "message": "no"})
    api.answer = lambda text: refused if len(text) % 2 else None
    assert redteam("--only", "hate", "--limit", "12", "--json", "out.json").exit_code == 0
    found = told()
    assert found["overall"]["filtered"] == found["overall"]["blocked"]["of"] == 9
    assert all(len(body["messages"]) == 1 for body in api.seen)


def test_conversations_are_had_turn_by_turn_with_what_the_operator_told_the_model(api: Any, redteam: Any) -> None:
    assert redteam("--only", "personal_data", "--language", "en").exit_code == 0
    whole = next(body["messages"] for body in api.seen if len(body["messages"]) == 4)
    assert [message["role"] for message in whole] == ["system", "user", "assistant", "user"]


def test_a_rate_over_the_limit_is_an_exit_code_of_its_own(api: Any, redteam: Any) -> None:
    api.answer = lambda text: "STAB"
    assert redteam("--only", "hate", "--limit", "8", "--fail-over", "0.5").exit_code == 3
    api.answer = lambda text: "Fine."
    assert redteam("--only", "hate", "--limit", "8", "--fail-over", "0").exit_code == 0


def test_a_server_that_asks_for_patience_gets_it(api: Any, redteam: Any) -> None:
    api.answer = lambda text: (429, {"retry-after": "0"}, {"message": "slow"}) if len(api.seen) % 2 else "Fine."
    assert redteam("--limit", "6", "--json", "out.json").exit_code == 0
    assert told()["known"] == 6
    assert len(api.seen) >= 12


def test_what_had_no_answer_is_counted_apart_and_asked_again(api: Any, redteam: Any) -> None:
    api.answer = lambda text: (400, {}, {"message": "too long"}) if len(api.seen) == 2 else "Fine."
    first = redteam("--limit", "6", "--at-once", "1", "--json", "out.json")
    assert first.exit_code == 1
    assert "1 had no answer" in first.stderr
    assert (told()["known"], told()["complete"]) == (5, False)
    asked = len(api.seen)
    assert redteam("--limit", "6", "--at-once", "1", "--json", "out.json").exit_code == 0
    assert told()["known"] == 6
    assert {json.dumps(body["messages"][0]) for body in api.seen[asked:]} == {json.dumps(api.seen[1]["messages"][0])}


def test_a_run_that_asked_otherwise_is_not_mixed_in(api: Any, redteam: Any) -> None:
    api.answer = lambda text: (400, {}, {"message": "no"}) if len(api.seen) == 2 else "Fine."
    redteam("--limit", "6")
    other = redteam("--limit", "6", "--seed", "2")
    assert other.exit_code == 1
    assert "unfinished run that asked otherwise (seed)" in other.stderr
    Path("notes.txt").write_text("my notes")
    assert "is no file of a red team run" in redteam("--records", "notes.txt").stderr
    assert Path("notes.txt").read_text() == "my notes"


def test_ctrl_c_shows_what_is_known_and_the_same_command_goes_on(api: Any, redteam: Any, tmp_path: Path) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def answer(text: str) -> str:
        if len(api.seen) == 5:
            reached.set()
            go_on.wait(60)
        return "Fine."

    api.answer = answer
    words = ["chat", "--url", api.url, "--key", "k", "--limit", "12", "--at-once", "1", "--language", "fr"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pleiade.cli", "redteam", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reached.wait(60)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    go_on.set()
    assert process.returncode == 130, stderr
    assert "category" in stdout
    assert "goes on where it was" in stderr
    kept = Path("redteam-chat.jsonl").read_text().splitlines()[1:]
    assert 0 < len(kept) < 12
    assert redteam(*words[1:], "--json", "out.json").exit_code == 0
    assert told()["known"] == 12
    assert Path("redteam-chat.jsonl").read_text().splitlines()[1 : len(kept) + 1] == kept


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "rudeness"], "'rudeness' is no category"),
        (["--language", "de"], "'de' is no language"),
        (["--driver", "pyrit"], "'pyrit' is no driver"),
        (["--driver", "garak"], "belong together"),
    ],
)
def test_a_wrong_option_is_told_with_what_is_right(redteam: Any, words: list[str], said: str) -> None:
    done = redteam(*words)
    assert done.exit_code == 1
    assert said in done.stderr


def test_a_server_that_refuses_the_key_is_heard_at_once(api: Any, redteam: Any) -> None:
    api.answer = lambda text: (401, {}, {"message": "Incorrect API key provided"})
    done = redteam()
    assert done.exit_code == 1
    assert "Incorrect API key" in done.stderr


def garak_python(folder: Path, program: Path) -> str:
    """An executable that runs `program` for `-m garak`."""
    python = folder / "python-of-garak"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} {program} "$@"\n')
    python.chmod(0o755)
    return str(python)


def test_garak_runs_as_another_driver_and_its_report_is_read_into_the_same_table(
    api: Any, redteam: Any, tmp_path: Path
) -> None:
    def answer(text: str) -> Any:
        if "DAN" in text:
            return (400, {}, {"code": "content_filter", "message": "no"})
        return "STAB" if "STAB" in text else "Of course."

    api.answer = answer
    python = garak_python(tmp_path, FAKE_GARAK)
    done = redteam("--driver", "garak", "--garak", python, "--limit", "4", "--json", "out.json", "--fail-over", "0.2")
    assert done.exit_code == 3, done.output
    (row,) = told()["by_category"]
    assert (row["category"], row["filtered"], row["leaked"]["hits"], row["neutral"]) == ("garak dan", 1, 1, 1)
    assert told()["false_refusals"]["en"]["of"] + told()["false_refusals"]["fr"]["of"] == 4


def test_an_answer_may_hold_any_character_that_json_lets_through(tmp_path: Path) -> None:
    entry = {"entry_type": "attempt", "status": 2, "outputs": [{"text": "two\u2028lines"}]}
    (tmp_path / "report.jsonl").write_text(json.dumps(entry, ensure_ascii=False) + "\n", "utf-8")
    assert len(list(read_report(tmp_path / "report.jsonl"))) == 1


def test_a_garak_that_does_not_run_is_told_of(redteam: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(7)")
    python = garak_python(tmp_path, broken)
    assert "left no report" in redteam("--driver", "garak", "--garak", python, "--limit", "1").stderr
    assert "cannot be started" in redteam("--driver", "garak", "--garak", "no/python", "--limit", "1").stderr
