"""What 8 bits cost a bundled model: held-out text through the engine as it runs, beside the model's own record.

Starts a worker, examines it over HTTP with the suite `heldout`, and keeps what the evaluation wrote as the model's
engine.json; `python -m pleiade.lab.cards page` then puts it into docs/models.md.

    python bench/eight_bits.py pleiade-pico --data FOLDER --out DIR [--limit 100]

What is finished is kept in DIR, below the model's name; the same command goes on.
"""

import argparse
from pathlib import Path

from engine_peers import TOKEN, start_worker
from pleiade.lab.cards.record import ENGINE, RESULTS, read_results
from pleiade.lab.evals.command import evaluate, over_http
from pleiade.lab.evals.suite import Setting

ROOT = Path(__file__).parents[1]
SERVED_AS = "bench"


def main() -> None:
    """Examine each named model through the engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="folders below src/pleiade/registry/bundled")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds eval/")
    parser.add_argument("--out", type=Path, required=True, help="where examinations go, and are resumed")
    parser.add_argument("--limit", type=int, help="the sample that the model's own results were taken on")
    options = parser.parse_args()
    for name in options.models:
        record = ROOT / "docs/models/records" / name
        record.mkdir(parents=True, exist_ok=True)
        worker = start_worker(ROOT / "src/pleiade/registry/bundled" / name, threads=0)
        try:
            scorer = over_http(worker.url, SERVED_AS, TOKEN)
            out = options.out / name
            (out / "model.json").unlink(missing_ok=True)  # it names the worker's port, which is another each time
            print(evaluate(scorer, ["heldout"], Setting(options.data), options.limit, out), flush=True)
            (record / ENGINE).write_bytes((out / RESULTS).read_bytes())
        finally:
            worker.close()
        ours, engines = (read_results(record / file) for file in (RESULTS, ENGINE))
        if ours and engines:
            for domain, bits in engines.bits().items():
                print(f"{name} {' '.join(domain)}: {ours.bits()[domain]:.4f} -> {bits:.4f}", flush=True)


if __name__ == "__main__":
    main()
