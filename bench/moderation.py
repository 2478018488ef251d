"""Our moderation model beside a published baseline: areas on the same texts, time of a text on one core.

Run: python bench/moderation.py --data FOLDER [--texts N]      (a few minutes; Linux; needs `pip install scikit-learn`)

The baseline is scikit-learn's TF-IDF over words and pairs of words with logistic regression, one for each harm, fitted
here to the very texts that ours learned from (detoxify and its like are weights to be downloaded; this is what pip
brings). Both answer one text at a time on one core. Writes docs/models/records/pleiade-moderation/bench.json, from
which the card is written. The last line:

moderation_ms    our median milliseconds of processor time a text
moderation_auc   our macro area on held-back English texts, less the baseline's
"""

import argparse
import json
import os
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pleiade.lab.moderation.evaluation import labelled_rows
from pleiade.lab.moderation.measure import areas
from pleiade.lab.moderation.rows import Row
from pleiade.lab.moderation.run import build_split
from pleiade.registry.bundled import MODERATION_MODEL, bundled_folders
from pleiade.safety.classifier import Classifier
from pleiade.safety.taxonomy import HARMS
from report import result_line

RECORD = Path("docs/models/records/pleiade-moderation/bench.json")
Score = Callable[[Sequence[str]], np.ndarray]


def baseline(rows: Sequence[Row]) -> tuple[Score, float]:
    """Fitted to what is known of each harm; and its size in megabytes."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode")
    inputs = vectors.fit_transform([row.text for row in rows])
    labels = np.stack([row.labels for row in rows])
    models = []
    for column in range(len(HARMS)):
        known = np.flatnonzero(~np.isnan(labels[:, column]))
        models.append(
            LogisticRegression(solver="liblinear", class_weight="balanced").fit(
                inputs[known], labels[known, column] >= 0.5
            )
        )

    def score(texts: Sequence[str]) -> np.ndarray:
        found = vectors.transform(texts)
        return np.stack([model.predict_proba(found)[:, 1] for model in models], 1)

    return score, len(pickle.dumps((vectors, models))) / 1e6


def times(score: Score, texts: Sequence[str]) -> tuple[float, float]:
    """Median and 99th percentile of the milliseconds of processor time of one text: others may use the core, too."""
    for text in texts[:50]:
        score([text])
    taken = []
    for text in texts:
        began = time.process_time()
        score([text])
        taken.append(1000 * (time.process_time() - began))
    return float(np.median(taken)), float(np.quantile(taken, 0.99))


def main() -> None:
    """Fits the baseline, measures both, writes the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=1500, help="whose time is taken")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    split = build_split(options.data)
    tests = {"held_back": split.held_back, "labelled": labelled_rows(options.data)}
    folder = bundled_folders()[MODERATION_MODEL]
    theirs, size = baseline(split.learn)
    measured: list[tuple[str, Score, float]] = [
        ("pleiade-moderation", Classifier(folder).score, (folder / "model.safetensors").stat().st_size / 1e6),
        ("scikit-learn TF-IDF, logistic regression", theirs, size),
    ]
    chooser = np.random.default_rng(1)
    every = [row.text for rows in tests.values() for row in rows]
    timed = [every[place] for place in chooser.permutation(len(every))[: options.texts]]
    rows = []
    for name, score, megabytes in measured:
        found = {
            which: {
                language: areas(texts, score([row.text for row in texts]), language)["macro"]["auc"]
                for language in ("en", "fr")
            }
            for which, texts in tests.items()
        }
        median, worst = times(score, timed)
        rows.append({"name": name, **found, "median_ms": median, "p99_ms": worst, "megabytes": round(megabytes, 2)})
        print(rows[-1], flush=True)
    characters = sum(map(len, timed)) / len(timed)
    import sklearn

    about = (
        "The same texts to learn from and to measure on, one text at a time on one core "
        f"({characters:.0f} characters in the mean, {len(timed):,} texts), in one run of `bench/moderation.py`; the "
        "baseline is scikit-learn "
        f"{sklearn.__version__}."
    )
    RECORD.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n", "utf-8")
    ours, other = rows
    gain = ours["held_back"]["en"] - other["held_back"]["en"]
    print(result_line({"moderation_ms": ours["median_ms"], "moderation_auc": gain}))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
