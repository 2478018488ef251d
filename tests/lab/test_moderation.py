"""The moderation recipe: what is learned, what is kept aside, and a card that says what was measured."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pleiade.lab.moderation.card import NAME, write_cards
from pleiade.lab.moderation.evaluation import lookalike_rows
from pleiade.lab.moderation.fit import FitConfig, fit, predict
from pleiade.lab.moderation.measure import areas, auc, fit_calibration, reliability
from pleiade.lab.moderation.options import read_overrides
from pleiade.lab.moderation.phrases import held_back_people, phrase_rows, read_phrases
from pleiade.lab.moderation.rows import labels_of
from pleiade.safety.taxonomy import HARMS, Harm

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "src/pleiade/registry/bundled"


def test_the_cards_say_what_the_record_says(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs/models/records" / NAME, tmp_path / "docs/models/records" / NAME)
    shutil.copytree(BUNDLED / NAME, tmp_path / "bundled" / NAME)
    write_cards(tmp_path / "docs", tmp_path / "bundled")
    for here, there in (
        (tmp_path / "docs/models" / f"{NAME}.md", ROOT / "docs/models" / f"{NAME}.md"),
        (tmp_path / "bundled" / NAME / "README.md", BUNDLED / NAME / "README.md"),
    ):
        assert here.read_text("utf-8") == there.read_text("utf-8")
    (tmp_path / "bundled" / NAME / "SHA256SUMS").write_text("0  model.safetensors\n")
    with pytest.raises(ValueError, match="other weights"):
        write_cards(tmp_path / "docs", tmp_path / "bundled")


def test_no_learned_phrase_names_the_peoples_that_are_measured_on() -> None:
    learned = [row.text.lower() for row in phrase_rows()]
    for language in ("en", "fr"):
        for name in read_phrases(language)["hate"]["held_back"]:
            assert not any(f" {name.lower()} " in f" {text} " for text in learned), name
        assert held_back_people(language)
    assert not {row.text.lower() for row in lookalike_rows()} & set(learned)


def test_what_a_set_does_not_label_stays_unknown() -> None:
    labels, _ = labels_of({"source": "stormfront2018", "label": "hate"})
    assert labels is not None
    known = {harm for harm, label in zip(HARMS, labels, strict=True) if not np.isnan(label)}
    assert Harm.HATE in known
    assert Harm.SELF_HARM not in known
    mixed, weight = labels_of({"source": "mlma2019", "label": "abusive_normal"})
    assert mixed is not None
    assert 0.3 < mixed[HARMS.index(Harm.HARASSMENT)] < 0.7  # its annotators did not agree
    assert weight < 1


def test_a_stopped_fit_goes_on_and_learns_what_it_is_shown(tmp_path: Path) -> None:
    rows = phrase_rows()[::4]
    config = FitConfig(buckets=1 << 13, epochs=2)
    whole = predict(fit(rows, config), [row.text for row in rows], config.buckets)
    assert areas(rows, whole, "fr")["macro"]["auc"] > 0.9
    checkpoint = tmp_path / "fit.pt"
    fit(rows, FitConfig(buckets=1 << 13, epochs=2), checkpoint)
    before = checkpoint.stat().st_mtime_ns
    again = predict(fit(rows, config, checkpoint), [row.text for row in rows], config.buckets)
    assert checkpoint.stat().st_mtime_ns == before  # nothing was left to do
    assert np.allclose(whole, again, atol=1e-4)


def test_areas_and_calibration_are_what_their_names_say() -> None:
    truth = np.array([False, False, True, True])
    assert auc(truth, np.array([0.1, 0.4, 0.35, 0.8], np.float32)) == 0.75
    assert auc(truth, np.zeros(4, np.float32)) == 0.5
    logits = np.random.default_rng(1).normal(size=(4000, len(HARMS))).astype(np.float32) * 2
    chance = 1 / (1 + np.exp(-(2 * logits + 1)))
    labels = (np.random.default_rng(2).random(chance.shape) < chance).astype(np.float32)
    slopes, shifts = fit_calibration(labels, logits)
    assert np.allclose(slopes, 2, atol=0.3)
    assert np.allclose(shifts, 1, atol=0.3)
    _, error = reliability(labels.ravel(), (1 / (1 + np.exp(-(slopes * logits + shifts)))).ravel())
    assert error < 0.02


@pytest.mark.parametrize(
    ("given", "problem"), [("buckets=1000", "power of two"), ("speed=1", "changes nothing"), ("epochs=x", "no int")]
)
def test_a_wrong_override_is_refused_with_the_reason(given: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_overrides([given])
