"""`python -m pleiade.lab.dalle.evals RUN --data PICTURES --encoder FOLDER`: examines a picture model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from pleiade.lab.begun import weights_fingerprint
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.encoder_run import load_encoder
from pleiade.lab.dalle.evals.examine import SHEET, SUITES, examine_pictures
from pleiade.lab.dalle.evals.painters import Model
from pleiade.lab.dalle.evals.results import PictureResults, told
from pleiade.lab.dalle.evals.setting import Setting
from pleiade.lab.dalle.presets import read_pix_preset
from pleiade.lab.dalle.sample import load_pix
from pleiade.lab.evals.scorer import EvalError
from pleiade.lab.faults import EXPECTED
from pleiade.lab.faults import told as told_fault


def main(arguments: list[str]) -> int:
    """Examine the newest model of a run, its few-step one where there is one; the same command goes on."""
    options = _parser().parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        print(told(_examine(options)), end="")
    except EvalError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except EXPECTED as error:
        print(f"Error: {told_fault(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it was", flush=True)
        return 130
    print(f"written: {options.out / 'results.json'}, {options.out / SHEET}")
    return 0


def _examine(options: argparse.Namespace) -> PictureResults:
    pix = load_pix(options.run)
    steps = options.steps or (4 if pix.few_step else 20)
    chooser = load_encoder(options.chooser) if options.chooser else None
    model = Model(pix, steps=steps, guidance=options.guidance, chooser=chooser, best_of=options.best_of)
    styles = read_pix_preset(options.run / "base" / "preset.json").styles
    drawings, encoder = Drawings.open(options.data).to_learn(styles), load_encoder(options.encoder)
    how = {
        "kind": "few-step" if pix.few_step else "base",
        "steps": str(steps),
        "guidance": f"{options.guidance:g}",
        "best of": str(model.best_of),
        "weights": weights_fingerprint(pix.network),
    }
    setting = Setting(model, drawings, encoder, options.encoder / "seen", options.out, options.limit)
    return examine_pictures(setting, options.name or options.run.name, how, options.suite.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.dalle.evals")
    parser.add_argument("run", type=Path, help="the run of `pleiade train`")
    parser.add_argument("--data", type=Path, required=True, help="the rendered drawings")
    parser.add_argument("--encoder", type=Path, required=True, help="the measuring encoder (never the served one)")
    parser.add_argument("--out", type=Path, required=True, help="where results go, and are resumed")
    parser.add_argument("--suite", default=",".join(SUITES), help=f"some of {', '.join(SUITES)} [default: all]")
    parser.add_argument("--limit", type=int, default=400, help="tasks a suite of drawings; others by it [default: 400]")
    parser.add_argument("--steps", type=int, help="[default: 4 for a few-step model, else 20]")
    parser.add_argument("--guidance", type=float, default=3.0, help="[default: 3]")
    parser.add_argument("--chooser", type=Path, help="the served encoder, to keep the best of several pictures")
    parser.add_argument("--best-of", type=int, default=4, help="with --chooser [default: 4]")
    parser.add_argument("--threads", type=int, help="of torch [default: its own choice]")
    parser.add_argument("--name", help="what the report calls the model [default: the run's folder]")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
