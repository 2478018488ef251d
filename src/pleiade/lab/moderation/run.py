"""The whole way from labelled sets to a model folder: read, clean, fit, compare, calibrate, measure, write.

Each step leaves a file in the run; a stopped run goes on from the last one. A few minutes of one core.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pleiade.lab.moderation.evaluation import (
    asked_harm_rows,
    hazard_rows,
    labelled_rows,
    lookalike_rows,
    ordinary_rows,
    unseen_people_rows,
)
from pleiade.lab.moderation.export import origins, quantise, write_licences, write_model
from pleiade.lab.moderation.fit import FitConfig, Weights, fit, predict
from pleiade.lab.moderation.harmless import harmless_rows
from pleiade.lab.moderation.measure import areas, fit_calibration, reliability
from pleiade.lab.moderation.noise import side_of, without_noise
from pleiade.lab.moderation.phrases import LANGUAGES, phrase_rows
from pleiade.lab.moderation.picture import draw_calibration
from pleiade.lab.moderation.rows import Row, read_labelled
from pleiade.safety.classifier import Classifier
from pleiade.safety.ngrams import read_words
from pleiade.safety.severity import MEDIUM, severities
from pleiade.safety.taxonomy import HARMS, TAXONOMY, Harm

PARTS = 10  # by group: eight to learn from, one to calibrate on, one to measure on


@dataclasses.dataclass(frozen=True)
class Split:
    """Rows by what they are for; no group is in two of them."""

    learn: list[Row]
    calibrate: list[Row]
    held_back: list[Row]


def build_split(data: Path) -> Split:
    """Every row below `data`, and the written phrases. Texts that are in an evaluation set too are left out."""
    measured = {row.text.strip().lower() for row in labelled_rows(data)}
    rows = [*read_labelled(data / "post" / "safety_labels" / "train.jsonl.xz"), *phrase_rows(), *harmless_rows(data)]
    rows = [row for row in rows if row.text.strip().lower() not in measured]
    side = [side_of(row.group, PARTS, "parts") for row in rows]
    parts: list[list[Row]] = [[], [], []]
    for row, place in zip(rows, side, strict=True):
        parts[{PARTS - 1: 2, PARTS - 2: 1}.get(place, 0)].append(row)
    return Split(*parts)


def train_moderation(data: Path, run: Path, config: FitConfig, states_of: Path | None = None) -> dict[str, Any]:
    """Train into `run`/export and return the record that the card is written from.

    `states_of`: a language model's folder, to compare a head over its states. Raises FileNotFoundError for data that
    is not below `data`.
    """
    torch.set_num_threads(1)
    run.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    split = build_split(data)
    print(
        f"{len(split.learn):,} texts to learn from, {len(split.calibrate):,} to calibrate on, "
        f"{len(split.held_back):,} held back",
        flush=True,
    )
    learn, removed = _cleaned(split.learn, config, run)
    print(f"{removed:,} labels contradicted and made unknown", flush=True)
    model = fit(learn, config, run / "fit.pt")
    weights = quantise(model)
    untouched = np.ones(len(HARMS), np.float32), np.zeros(len(HARMS), np.float32)
    write_model(run / "export", weights, *untouched)
    raw = Classifier(run / "export")
    calibration = [row for row in split.calibrate if read_words(row.text)]
    slopes, shifts = fit_calibration(
        np.stack([row.labels for row in calibration]),
        np.stack([raw.logits(read_words(row.text)) for row in calibration]),
    )
    digest = write_model(run / "export", weights, slopes, shifts)
    parts = origins(data, split.learn)
    write_licences(run / "export", parts)
    minutes = round((time.perf_counter() - began) / 60, 1)
    record: dict[str, Any] = {
        "name": "pleiade-moderation",
        "weights_sha256": digest,
        "bytes": (run / "export" / "model.safetensors").stat().st_size,
        "parameters": int(weights.table.size),
        "config": dataclasses.asdict(config),
        "minutes": minutes,
        "texts": {"learned": len(learn), "calibrated": len(calibration), "held_back": len(split.held_back)},
        "labels_removed": removed,
        "sources": parts,
        **measure_export(run / "export", data, split),
    }
    if states_of is not None:
        record["designs"] = compare_designs(learn, split, data, config, model, states_of, run)
    (run / "record.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
    draw_calibration({name: record["calibration"][name]["points"] for name in LANGUAGES}, run / "calibration.svg")
    return record


def _cleaned(rows: Sequence[Row], config: FitConfig, run: Path) -> tuple[list[Row], int]:
    kept = run / "labels.npz"
    if kept.exists():
        found = np.load(kept)
        if len(found["labels"]) == len(rows):
            return [r.with_labels(labels) for r, labels in zip(rows, found["labels"], strict=True)], int(
                found["removed"]
            )
    cleaned, removed = without_noise(rows, config)
    np.savez_compressed(kept, labels=np.stack([row.labels for row in cleaned]), removed=removed)
    return cleaned, removed


def _both(rows: Sequence[Row], scores: NDArray[np.float32]) -> dict[str, Any]:
    return {language: areas(rows, scores, language) for language in LANGUAGES}


def measure_export(folder: Path, data: Path, split: Split) -> dict[str, Any]:
    """What the card says of the exported model, as the worker will run it."""
    classifier = Classifier(folder)
    found: dict[str, Any] = {"areas": {}, "calibration": {}}
    sets = {
        "held_back": split.held_back,
        "labelled": labelled_rows(data),
        "unseen_people": unseen_people_rows(),
        "hazards": hazard_rows(data),
    }
    for name, rows in sets.items():
        scores = classifier.score([row.text for row in rows])
        found["areas"][name] = _both(rows, scores)
        if name == "labelled":
            found["by_source"] = {
                source: _both(*_only(rows, scores, source)) for source in sorted({row.source for row in rows})
            }
        if name == "held_back":
            for language in LANGUAGES:
                here = np.array([row.language == language for row in rows])
                labels = np.stack([row.labels for row in rows])[here]
                points, error = reliability(labels.ravel(), scores[here].ravel())
                found["calibration"][language] = {"points": points, "error": error}
    found["flags"] = {
        "lookalikes": _flags(classifier, lookalike_rows()),
        "ordinary": _flags(classifier, ordinary_rows(data)),
        "asked_harm": _flags(classifier, asked_harm_rows(data)),
    }
    return found


def _only(rows: Sequence[Row], scores: NDArray[np.float32], source: str) -> tuple[list[Row], NDArray[np.float32]]:
    chosen = [place for place, row in enumerate(rows) if row.source == source]
    return [rows[place] for place in chosen], scores[chosen]


def _flags(classifier: Classifier, rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Of each language: the share flagged by /v1/moderations, and that which the default policy would block."""
    moderated = [place for place, harm in enumerate(HARMS) if TAXONOMY[harm].openai]
    attack = HARMS.index(Harm.JAILBREAK)
    found = {}
    for language in LANGUAGES:
        texts = [row.text for row in rows if row.language == language]
        if not texts:
            continue
        scores = classifier.score(texts)
        flagged = (scores[:, moderated] >= 0.5).any(1)
        blocked = [max(severities(row).values()) >= MEDIUM or row[attack] >= 0.5 for row in scores]
        found[language] = {
            "texts": len(texts),
            "flagged": round(float(flagged.mean()), 4),
            "blocked": round(float(np.mean(blocked)), 4),
        }
    return found


def compare_designs(
    learn: Sequence[Row],
    split: Split,
    data: Path,
    config: FitConfig,
    chosen: Weights,
    states_of: Path,
    run: Path,
    num_read: int = 14000,
) -> list[dict[str, Any]]:
    """The designs on the same split: macro areas on the held-back texts and on the labelled sets.

    The states of a language model are slow to read, so heads learn from a sample; the n-grams do so too, beside them.
    """
    from pleiade.lab.moderation.states import fit_head, head_logits, read_states

    kept = run / "designs.json"
    if kept.exists():
        told: list[dict[str, Any]] = json.loads(kept.read_text("utf-8"))
        return told
    tests = {"held_back": split.held_back, "labelled": labelled_rows(data)}
    found: list[dict[str, Any]] = []

    def note(name: str, rows: int, logits: dict[str, NDArray[np.float32]], seconds: float) -> None:
        macro = {
            which: {
                language: areas(tests[which], logits[which], language)["macro"].get("auc") for language in LANGUAGES
            }
            for which in tests
        }
        found.append({"design": name, "rows": rows, "seconds": round(seconds, 1), **macro})
        print(found[-1], flush=True)

    def by_ngrams(model: Weights) -> dict[str, NDArray[np.float32]]:
        return {which: predict(model, [row.text for row in rows], config.buckets) for which, rows in tests.items()}

    note("n-grams, linear (shipped)", len(learn), by_ngrams(chosen), 0)
    began = time.perf_counter()
    raw = fit(split.learn, config)
    note("the same, labels as given", len(split.learn), by_ngrams(raw), time.perf_counter() - began)
    began = time.perf_counter()
    embedded = fit(learn, dataclasses.replace(config, shape="embedded", learning_rate=0.004))
    note("n-grams, embedded (fastText)", len(learn), by_ngrams(embedded), time.perf_counter() - began)
    sample = [learn[place] for place in np.random.default_rng(3).permutation(len(learn))[:num_read]]
    began = time.perf_counter()
    small = fit(sample, config)
    note("n-grams, linear, sample", len(sample), by_ngrams(small), time.perf_counter() - began)
    began = time.perf_counter()
    states = {which: read_states(states_of, [row.text for row in rows]) for which, rows in tests.items()}
    seen = read_states(states_of, [row.text for row in sample])
    head = fit_head(sample, seen)
    note(
        "head over pleiade-gpt-pico, sample",
        len(sample),
        {w: head_logits(head, s) for w, s in states.items()},
        time.perf_counter() - began,
    )
    ngrams = by_ngrams(small)
    heads = {which: head_logits(head, state) for which, state in states.items()}
    joined = {which: ngrams[which] + heads[which] for which in tests}
    note("both, logits added, sample", len(sample), joined, time.perf_counter() - began)
    kept.write_text(json.dumps(found, indent=1), "utf-8")
    return found
