"""One examination of a picture model from start to end; what was made before is kept, so that it goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from pleiade.lab.dalle.evals.alignment import align
from pleiade.lab.dalle.evals.closeness import alike, copied, varied
from pleiade.lab.dalle.evals.exact import check_exactly
from pleiade.lab.dalle.evals.filling import fill
from pleiade.lab.dalle.evals.prompts import CONTACT
from pleiade.lab.dalle.evals.results import PictureResults, PictureSuite, told, write_results
from pleiade.lab.dalle.evals.setting import Setting
from pleiade.lab.dalle.evals.sheet import write_sheet
from pleiade.lab.dalle.evals.tasks import Task
from pleiade.lab.evals.scorer import EvalError

SUITES: dict[str, Callable[[Setting], PictureSuite]] = {
    "cells": lambda setting: align(setting, "cells"),
    "concepts": lambda setting: align(setting, "concepts"),
    "seen": lambda setting: align(setting, "seen"),
    "exact": check_exactly,
    "set": alike,
    "memorisation": copied,
    "diversity": varied,
    "edits": fill,
}
SHEET = "contact.png"


def examine_pictures(setting: Setting, name: str, how: dict[str, str], suites: list[str]) -> PictureResults:
    """Run the suites named, write results.json, report.txt and the contact sheet into the setting's `out`.

    Raises EvalError for an unknown suite, or an `out` that holds another model's pictures.
    """
    unknown = [suite for suite in suites if suite not in SUITES]
    if unknown or not suites:
        raise EvalError(f"there is no suite {(unknown or [''])[0]!r}; there are: {', '.join(SUITES)}")
    _claim(setting.out, name, how)
    contact_sheet(setting)
    found = {}
    for suite in suites:
        found[suite] = SUITES[suite](setting)
        results = PictureResults(name, how, setting.encoder.version, found)
        write_results(results, setting.out / "results.json")
        (setting.out / "report.txt").write_text(told(results), "utf-8")
    return results


def contact_sheet(setting: Setting) -> None:
    """The fixed prompts, each with its first picture."""
    tasks = [Task("contact", prompt) for prompt in CONTACT]
    write_sheet(setting.out / SHEET, setting.made(tasks, "contact"), CONTACT)


def _claim(out: Path, name: str, how: dict[str, str]) -> None:
    """Pictures of two models must not mix."""
    out.mkdir(parents=True, exist_ok=True)
    file, asked = out / "model.json", {"model": name, **how}
    if file.is_file() and (held := json.loads(file.read_text("utf-8"))) != asked:
        raise EvalError(f"{out} holds pictures of {held}, not of {asked}: give another --out, or remove the folder")
    file.write_text(json.dumps(asked, ensure_ascii=False) + "\n", "utf-8")
