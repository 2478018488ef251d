"""One examination from start to end: choose, examine, write the JSON and the picture, tell the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pleiade.lab.evals.catalogue import chosen, suites
from pleiade.lab.evals.examine import examine
from pleiade.lab.evals.networks import open_folder
from pleiade.lab.evals.picture import draw
from pleiade.lab.evals.remote import RemoteScorer
from pleiade.lab.evals.report import told, write_json
from pleiade.lab.evals.scorer import EvalError, Scorer
from pleiade.lab.evals.suite import Setting, Suite

ALL = "all"


def in_process(folder: Path, name: str) -> Scorer:
    """The model of a folder, with torch in this process. Raises EvalError."""
    return open_folder(folder, name)


def over_http(url: str, deployment: str, key: str) -> Scorer:
    """A deployment behind an OpenAI-compatible URL."""
    return RemoteScorer(url, deployment, key)


def evaluate(scorer: Scorer, names: Sequence[str], setting: Setting, limit: int | None, out: Path) -> str:
    """Run the suites `names` ("all": every one whose data is there), write results.json and results.png into `out`, and
    return the report. Raises EvalError, with everything finished so far kept in `out`.
    """
    wanted = _with_data(setting) if list(names) == [ALL] else chosen(names)
    if not wanted:
        raise EvalError(f"no suite has its data below {setting.data}: name the folder that holds eval/ with --data")
    reports = examine(scorer, wanted, setting, limit, out)
    write_json(out / "results.json", scorer, reports)
    draw(out / "results.png", scorer.name, reports)
    return told(scorer, reports)


def _with_data(setting: Setting) -> list[Suite]:
    found = []
    for suite in suites().values():
        try:
            suite.load(setting)
        except EvalError as error:
            print(f"{suite.name} is left out: {error}", flush=True)
            continue
        found.append(suite)
    return found
