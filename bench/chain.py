"""The whole way at toy scale: text, tokenizer, pretraining, instruction, reward, preference, deployment, answer.

The text is this repository's own: its documentation, its source code and the dialogues that the lab writes. Fails
unless every stage improved what it measures and the deployed model answers.

    python bench/chain.py [--keep FOLDER]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from pleiade.lab.chain import StageReport
from pleiade.lab.dialogues.facts import fact_conversations
from pleiade.lab.dialogues.identity import identity_conversations

ROOT = Path(__file__).parents[1]
QUESTION = "Who are you?"
# A model that two cores train in a minute; rates above the presets' suit so few steps.
OVERRIDES = (
    *("model.vocab_size=1024", "model.hidden_size=128", "model.num_layers=3", "model.num_heads=2"),
    *("model.num_kv_heads=1", "model.head_dim=64", "model.ffn_size=352", "model.max_position=512"),
    *("loop.steps=120", "loop.log_steps=40", "stream.seq_len=128", "stream.piece_tokens=256", "stream.fim_tokens=96"),
    *("rows=32", "micro_rows=16", "chat.epochs=1.0", "chat.seq_len=160", "chat.optim.muon_lr=0.012"),
    *("chat.optim.embedding_lr=0.006", "reward.seq_len=128", "reward.rows=32", "reward.optim.muon_lr=0.01"),
    *("reward.optim.head_lr=0.05", "dpo.num_prompts=300", "dpo.num_answers=8", "dpo.max_tokens=24"),
    *("dpo.margin=0.05", "dpo.stage.epochs=6.0", "dpo.stage.seq_len=128", "dpo.stage.optim.muon_lr=0.001"),
    *(f"{stage}.loop.compile=false" for stage in ("chat", "reward", "dpo.stage")),
    *(f"{stage}.loop.precision=float32" for stage in ("chat", "reward", "dpo.stage")),
    *(f"{stage}.loop.log_steps=20" for stage in ("chat", "reward", "dpo.stage")),
)
RECIPE = """name = "chain"

[[sources]]
path = "docs"

[[sources]]
path = "code"

[[sources]]
path = "said"
repeats = 2.0
"""
PLEIADE = (sys.executable, "-m", "pleiade.cli")


def main() -> None:
    """Run the chain in a temporary folder, or in one that stays."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--keep", type=Path, help="work there and leave everything")
    kept = options.parse_args().keep
    with tempfile.TemporaryDirectory(prefix="pleiade-chain-") as temporary:
        folder = kept or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        write_texts(folder / "data")
        train(folder)
        answer = serve_and_ask(folder)
    print(f"result: answer={json.dumps(answer, ensure_ascii=False)}")


def write_texts(data: Path) -> None:
    """Documentation, sources and dialogues of this repository as three corpora."""
    said = [" ".join(m["content"] for m in c.messages) for c in (*fact_conversations(), *identity_conversations())]
    corpora = {
        "docs": [path.read_text("utf-8") for path in sorted(ROOT.glob("docs/**/*.md"))],
        "code": [path.read_text("utf-8") for path in sorted((ROOT / "src").rglob("*.py"))],
        "said": [" ".join(said[i : i + 10]) for i in range(0, len(said), 10)],
    }
    for name, texts in corpora.items():
        (data / name).mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
        (data / name / "part.jsonl").write_text(lines, "utf-8")


def train(folder: Path) -> None:
    """All stages as a user runs them; raises SystemExit for one that made nothing better."""
    recipe = folder / "chain.toml"
    recipe.write_text(RECIPE, "utf-8")
    command = [*PLEIADE, "train", "toy", *OVERRIDES, f"recipe={recipe}", "--until", "dpo"]
    done = subprocess.run([*command, "--data", str(folder / "data"), "--run", str(folder / "run")])
    if done.returncode:
        raise SystemExit(f"the chain stopped with status {done.returncode}")
    reports = [StageReport(**row) for row in json.loads((folder / "run" / "report.json").read_text("utf-8"))]
    worse = [str(report) for report in reports if not report.improved]
    if worse:
        raise SystemExit("a stage made nothing better: " + "; ".join(worse))


def serve_and_ask(folder: Path) -> str:
    """Register and deploy the export as a user would, and ask it through the gateway."""
    home = folder / "home"
    environment = {**os.environ, "PLEIADE_HOME": str(home)}

    def run(*arguments: str) -> None:
        done = subprocess.run([*PLEIADE, *arguments], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"pleiade {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")

    with (folder / "up.log").open("w") as log:
        server = subprocess.Popen(
            [*PLEIADE, "up", "--home", str(home), "--port", "0"], env=environment, stdout=log, stderr=log
        )
    try:
        url = _announced(server, folder / "up.log")
        run("model", "add", str(folder / "run" / "export"), "--name", "chain")
        run("deploy", "chain", "--model", "chain")
        key = (home / "admin.key").read_text().strip()
        return _ask(url, key)
    finally:
        server.terminate()
        server.wait(60)


def _announced(server: subprocess.Popen[bytes], log: Path) -> str:
    while server.poll() is None:
        found = [word for word in log.read_text().split() if word.startswith("http://127.0.0.1:")]
        if found and "admin" in log.read_text():
            return found[0].split("/v1")[0].rstrip("/")
        time.sleep(0.1)
    raise SystemExit("pleiade up ended:\n" + log.read_text())


def _ask(url: str, key: str) -> str:
    body = {"model": "chain", "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 40, "temperature": 0}
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=60, trust_env=False) as client:
        for _ in range(600):
            answer = client.post("/v1/chat/completions", json=body)
            if answer.status_code == 200:
                text = str(answer.json()["choices"][0]["message"]["content"]).strip()
                if text:
                    return text
                raise SystemExit("the deployed model answers with nothing")
            time.sleep(0.1)
    raise SystemExit(f"the deployed model does not answer: {answer.status_code} {answer.text[:500]}")


if __name__ == "__main__":
    main()
