"""Whoever watches a run sees what it recorded, and nothing else."""

import json
import os
import re
import socket
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from corpora import toy_preset, write_corpus
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pleiade.cli import app
from pleiade.lab.events.journal import note
from pleiade.lab.presets import override
from pleiade.lab.pretrain import pretrain
from pleiade.lab.view.curve import bucket, round_ticks, running_mean
from pleiade.lab.view.live import launch_seen
from pleiade.lab.view.page import page
from pleiade.lab.view.read import read_run
from pleiade.lab.view.state import run_state
from pleiade.lab.view.terminal import screen
from pleiade.lab.view.words import duration, french, short, tick

STEPS = 12


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain's folder with one stage, trained."""
    folder = tmp_path_factory.mktemp("watched")
    pretrain(override(toy_preset(write_corpus(folder)), [f"loop.steps={STEPS}"]), folder, folder / "run" / "base")
    report = {"stage": "base", "metric": "nats per token", "before": 6.238, "after": 5.25, "better": "lower"}
    (folder / "run" / "report.json").write_text(json.dumps([report]))
    return folder / "run"


@pytest.fixture
def copied(chain: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    for path in (*chain.glob("*.json"), *chain.glob("base/*.json*"), chain / "base" / "plan.txt"):
        (tmp_path / path.relative_to(chain)).parent.mkdir(exist_ok=True)
        (tmp_path / path.relative_to(chain)).write_bytes(path.read_bytes())
    return tmp_path


def append(path: Path, **row: object) -> None:
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


class Tags(HTMLParser):
    """The page's tags with their attributes; raises where one is not closed."""

    VOID = ("meta", "path", "link", "br", "img", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag


def test_watching_once_shows_the_numbers_the_curves_and_what_the_model_wrote(chain: Path) -> None:
    last = json.loads((chain / "base" / "metrics.jsonl").read_text().splitlines()[-1])
    told = CliRunner().invoke(app, ["train", "watch", str(chain), "--once"], env={"COLUMNS": "120", "LINES": "40"})
    assert told.exit_code == 0, told.output
    assert f"step {STEPS}/{STEPS}" in told.output
    assert f"loss {last['loss']:.3f}" in told.output
    assert f"{short(last['tokens_per_s'])} tokens/s" in told.output
    assert "nats per token 6.238 → 5.250 (lower is better)" in told.output
    for title in ("loss", "learning rate", "tokens/s", "gradient norm"):
        assert re.search(rf"^.*{title}  [\d.]", told.output, re.MULTILINE), title
    assert "Il était une fois ⟶" in told.output


def test_watching_ends_with_the_run(chain: Path) -> None:
    told = CliRunner().invoke(app, ["train", "watch", str(chain)])
    assert told.exit_code == 0
    assert told.output.startswith(f"base  finished  step {STEPS}/{STEPS}")


def test_a_stage_can_be_watched_alone(chain: Path) -> None:
    assert [stage.name for stage in read_run(chain / "base").stages] == ["base"]


def test_a_folder_without_a_run_is_told_as_such(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["train", "watch", str(tmp_path)])
    assert told.exit_code == 1
    assert "no run has recorded anything" in told.stderr


def test_every_line_fits_the_terminal(chain: Path) -> None:
    for columns in (80, 100, 140):
        text = screen(read_run(chain), columns, 40, color=False)
        assert max(len(line) for line in text.splitlines() if "─" in line or "│" in line) <= columns


def test_the_page_needs_nothing_but_itself(chain: Path) -> None:
    text = page(read_run(chain))
    assert not re.search(r"https?://|//[a-z]|url\(|@import", text)
    tags = Tags(text).found
    assert not [tag for tag, attributes in tags if {"src", "href", "style", "onclick"} & attributes.keys()]
    policy = next(a["content"] for tag, a in tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")


def test_the_page_tells_the_run_in_two_languages(chain: Path) -> None:
    text = page(read_run(chain))
    curves = [a for tag, a in Tags(text).found if tag == "svg"]
    assert len(curves) == 4
    assert [json.loads(a["data-curve"] or "")["x"][-1] for a in curves] == [512 * STEPS] * 4
    for words in (
        "Learning rate",
        "Taux d&#39;apprentissage",
        "La capitale de l&#39;Italie est",
        "optim.muon_lr",
        "FLOPs per token",
    ):
        assert words in text
    assert '<span lang="en">5.25</span><span lang="fr">5,25</span>' in text
    assert 'http-equiv="refresh"' not in text  # it is finished


def test_what_a_model_writes_stays_text(copied: Path) -> None:
    evil = "</q><script>alert(1)</script>"
    append(copied / "base" / "samples.jsonl", step=13, tokens=1, prompt=evil, text=f"\x1b[2J{evil}")
    run = read_run(copied)
    assert "<script>alert" not in page(run)
    assert "\x1b" not in screen(run, 100, 40, color=False)


def test_a_half_written_row_is_left_for_the_next_look(copied: Path) -> None:
    with (copied / "base" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 13, "tok')
    assert read_run(copied).newest.rows[-1].step == STEPS


def test_a_run_of_an_older_version_is_shown_too(copied: Path) -> None:
    for name in ("events.jsonl", "samples.jsonl"):
        (copied / "base" / name).unlink()
    path = copied / "base" / "metrics.jsonl"
    old = [json.loads(line) for line in path.read_text().splitlines()]
    for row in old:
        del row["lr"], row["tokens_per_s"], row["mfu"]
    path.write_text("".join(json.dumps(row) + "\n" for row in old))
    run = read_run(copied)
    assert f"step {STEPS}" in screen(run, 100, 40, color=False)
    assert page(run).count("<svg") == 4


def test_a_stage_that_learns_from_rewards_shows_them(copied: Path) -> None:
    last = json.loads((copied / "base" / "metrics.jsonl").read_text().splitlines()[-1])
    for step in (13, 14):
        append(copied / "base" / "metrics.jsonl", **last | {"step": step, "reward": step / 10})
    assert "Récompense moyenne des réponses" in page(read_run(copied))
    assert "reward  1.4" in screen(read_run(copied), 100, 40, color=False)


def test_a_run_whose_process_is_gone_is_lost_and_one_that_lives_runs(copied: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    events = copied / "base" / "events.jsonl"
    append(events, time=2e9, event="resumed", step=10, last=20, host=socket.gethostname(), pid=gone.pid)
    assert run_state(read_run(copied)).name == "lost"
    append(events, time=2e9, event="resumed", step=10, last=20, host=socket.gethostname(), pid=os.getpid())
    run = read_run(copied)
    assert run_state(run).name == "running"
    assert "left" in screen(run, 100, 40, color=False)
    assert 'data-refresh="7"' in page(run, refresh=7)


def test_a_launch_keeps_the_page_and_notes_how_it_ended(copied: Path) -> None:
    note(copied / "base", "failed", step=12, reason="FloatingPointError: the loss is not a number")
    assert launch_seen(copied, ["base"], lambda: 1) == 1
    run = read_run(copied)
    assert run_state(run).reason == "FloatingPointError: the loss is not a number"  # the stage knows more
    assert "the loss is not a number" in (copied / "view.html").read_text()
    assert launch_seen(copied, ["base"], lambda: 3) == 3
    assert run_state(read_run(copied)).name == "stopped"


def test_a_launch_goes_on_where_its_page_cannot_be_written(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copied / "view.html").mkdir()
    assert launch_seen(copied, ["base"], lambda: 0) == 0
    assert "the view of this run is not kept" in capsys.readouterr().err


def test_a_stage_without_a_step_yet_is_shown_as_begun(copied: Path) -> None:
    note(copied / "chat", "started", step=0, last=9)
    (copied / "chat" / "metrics.jsonl").touch()
    run = read_run(copied)
    assert [stage.name for stage in run.stages] == ["base", "chat"]
    assert "running, no step yet" in screen(run, 100, 40, color=False)
    assert Tags(page(run)).found


def test_what_is_said_after_the_end_does_not_open_a_run_again(copied: Path) -> None:
    note(copied / "base", "message", message="exported")
    assert run_state(read_run(copied)).name == "finished"


def test_a_second_run_that_was_refused_does_not_hide_the_first(copied: Path) -> None:
    append(copied / "events.jsonl", time=1.0, event="started", host=socket.gethostname(), pid=os.getppid())
    assert launch_seen(copied, ["base"], lambda: 2) == 2
    assert run_state(read_run(copied)).name == "running"


def test_watching_needs_no_torch() -> None:
    look = "import sys, pleiade.lab.view.watch; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", look], text=True) == "False\n"


@settings(max_examples=60)
@given(st.floats(-1e4, 1e4), st.just(0.0) | st.floats(1e-3, 1e9))
def test_ticks_are_even_and_span_what_is_drawn(low: float, width: float) -> None:
    high = low + width
    ticks = round_ticks(low, high)
    slack = 1e-6 * max(1.0, abs(low), abs(high))
    assert 2 <= len(ticks) <= 5
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack
    steps = [b - a for a, b in pairwise(ticks)]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert all(tick(value, ticks) for value in ticks)


def test_a_long_curve_is_thinned_without_losing_its_end() -> None:
    values = [float(i) for i in range(10_000)]
    thin = bucket(values, 400)
    assert len(thin) == 400
    assert thin[-1] == 9999.0
    assert thin == sorted(thin)
    means = running_mean([float(i) for i in range(100)], 4)
    assert means[:2] == [0.0, 1.0]  # the beginning is not smoothed away
    assert means[-1] == (96 + 97 + 98 + 99) / 4
    assert running_mean([5.0, 5.0, 5.0], 0) == [5.0, 5.0, 5.0]


def test_numbers_are_short_in_both_languages() -> None:
    assert [short(v) for v in (0, 0.01234, 0.00022, 3e-7, 3.14159, 999.96, 12_345, 1.5e9, None)] == [
        "0",
        "0.0123",
        "0.00022",
        "3e-7",
        "3.14",
        "1k",
        "12.3k",
        "1.5G",
        "–",
    ]
    assert french("12.3k") == "12,3\u202fk"
    assert [duration(s) for s in (5, 600, 9000, None)] == ["5 s", "10 min", "2.5 h", "–"]
