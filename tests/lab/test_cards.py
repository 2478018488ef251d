"""Cards and the page of models say what the records say: everything, and nothing else."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from corpora import toy_tokenizer

from pleiade.lab.cards.__main__ import main, package_card, picture_package_card, write_all
from pleiade.lab.cards.card import write_card, write_licences
from pleiade.lab.cards.gather import accuracies
from pleiade.lab.cards.origins import dialogue_parts
from pleiade.lab.cards.page import write_page
from pleiade.lab.cards.picture_card import write_picture_card
from pleiade.lab.cards.picture_record import read_picture_members
from pleiade.lab.cards.record import (
    NGRAM,
    Accuracy,
    Example,
    Kind,
    Member,
    Number,
    Part,
    Record,
    Results,
    Stage,
    SuiteResult,
    read_members,
    read_results,
    write_record,
)
from pleiade.lab.evals.panel import HOLES, OPENINGS, PANEL, TOOLS
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.preferences.pair import Preference

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "docs/models/records"
SHAPE = {
    "num_layers": 2, "hidden_size": 64, "num_heads": 2, "num_kv_heads": 1, "head_dim": 32, "ffn_size": 128,
    "tied": True, "vocab_size": 512, "max_position": 256,
}  # fmt: skip


def record(kind: Kind, name: str = "toy") -> Record:
    examples = {
        "base": [Example(text, f"goes on {i}") for i, text in enumerate(OPENINGS)],
        "chat": [Example(text, f"answer {i}\nline | bar") for i, text in enumerate(PANEL)],
        "code": [Example(prefix, f"middle_{i}", suffix) for i, (prefix, suffix) in enumerate(HOLES)],
        "reward": [],
    }
    return Record(
        name=name,
        kind=kind,
        preset="toy",
        until="base",
        machine="a desk",
        note="It rained.",
        parameters=123_456,
        matrix_parameters=100_000,
        weights_bytes=250_000,
        weights_sha256="ab" * 32,
        shape=SHAPE,
        settings=[("optimiser", "Muon")],
        stages=[Stage("base", 40, 20_480, 90.0, 3.25, "nats per token", 6.0, 3.5), Stage("chat", 5, 512, 9.0, 1.75)],
        parts=[Part("base", "texts", "100.0% of the tokens", "CC0 | public", "someone/texts@abc", "short")],
        examples=examples[kind],
        accuracies=[Accuracy("facts", 30, 0.9), Accuracy("hh", 10, 0.5)] if kind == "reward" else [],
    )


def results(english: float, french: float, name: str = "toy") -> Results:
    numbers = [
        Number("all domains", value, "bits per byte", 9, lang) for lang, value in (("en", english), ("fr", french))
    ]
    blimp = [Number(name, 0.615, "share", n, "en", error=0.01, chance=0.5) for name, n in (("all", 200), ("few", 4))]
    return Results(
        name,
        {"network": "a 5-gram of little"},
        {
            "heldout": SuiteResult("Held-out text", "Bits per byte, in pieces.", "", 9, 18, numbers),
            "blimp": SuiteResult("BLiMP", "The likelier sentence.", "", 200, 200, blimp),
        },
    )


@pytest.mark.parametrize("kind", ["base", "chat", "code", "reward"])
def test_a_card_holds_everything_that_its_record_says(kind: Kind) -> None:
    said = record(kind)
    card = write_card(Member(said, results(1.5, 1.25), None, None))
    assert card.startswith("---\nlicense: cc-by-sa-4.0\n")
    assert "| machine | a desk |" in card
    assert "It rained." in card
    assert "nats per token 6.000 → 3.500" in card
    assert "loss at its end 1.750" in card
    assert "| texts | 100.0% of the tokens | CC0 \\| public | someone/texts@abc |" in card
    assert "| all domains | fr | 1.250 |" in card
    assert "A fixed sample of 9 of 18." in card
    for example in said.examples:
        assert example.answer.replace("\n", " ").replace("|", "\\|") in card
    if kind == "reward":
        assert "| all | 40 | 80.0% |" in card
    assert "![loss curve](toy-curve.png)" in card
    assert "curve.png" not in package_card(Member(said, None, None, None))


def test_attributions_name_every_set_and_every_package() -> None:
    said = msgspec.structs.replace(record("code"), packages=["numpy 2.4, BSD-3-Clause"])
    text = write_licences(said)
    for part in ("someone/texts@abc", "CC0 | public", "short", "numpy 2.4, BSD-3-Clause", "CC-BY-SA-4.0"):
        assert part in text


def test_a_set_without_a_source_is_named_as_unknown(tmp_path: Path) -> None:
    (ours, theirs) = dialogue_parts("chat", tmp_path, Counter({"identity": 2, "piaf_fr_qa": 1}))
    assert (ours.amount, ours.licence) == ("2 conversations", "Apache-2.0")
    assert (theirs.licence, theirs.origin) == ("unknown", "unknown")


def test_the_page_sets_each_model_beside_the_ngram_the_model_before_and_its_8_bits() -> None:
    engine = results(1.515, 1.2)
    chat = Member(record("chat"), results(1.5, 1.2), engine, previous=results(2.0, 1.5))
    page = write_page([chat, Member(record("reward", "judge"), None, None, None)], results(2.0, 1.25))
    assert "| all domains | en | 1.500 | 2.000 |" in page
    assert "| toy | +25.0% | +4.0% |" in page
    assert "| toy | 2.000 → 1.500 (-25.00%) | 1.500 → 1.200 (-20.00%) |" in page
    assert "| toy | 1.500 → 1.515 (+1.00%) | 1.200 → 1.200 (+0.00%) |" in page
    assert "| judge | 40 | 80.0% |" in page
    assert "The likelier sentence." in page
    fewer = msgspec.structs.replace(engine.suites["heldout"], items=3)
    other = msgspec.structs.replace(engine, suites={"heldout": fewer})
    assert "| toy | measured on other texts |" in write_page([msgspec.structs.replace(chat, engine=other)], None)
    assert "| all | en | 61.5 ± 1.0 % | 50.0 % | 200 |" in page
    assert "| few |" not in page


def test_the_documentation_is_what_the_records_in_the_repository_say() -> None:
    members = read_members(RECORDS)
    painters = read_picture_members(RECORDS)
    page = write_page(members, read_results(RECORDS / NGRAM), [painter.record for painter in painters])
    assert (ROOT / "docs/models.md").read_text("utf-8") == page
    for painter in painters:
        name, card = painter.record.name, write_picture_card(painter)
        assert (ROOT / "docs/models" / f"{name}.md").read_text("utf-8") == card.split("---\n", 2)[2].lstrip()
        package = ROOT / "src/pleiade/registry/bundled" / name
        assert (package / "README.md").read_text("utf-8") == picture_package_card(painter)
        sums = (package / "SHA256SUMS").read_text("utf-8")
        assert all(f"{file.sha256}  {file.name}" in sums for file in painter.record.files)
    for member in members:
        name = member.record.name
        card = write_card(member)
        assert (ROOT / "docs/models" / f"{name}.md").read_text("utf-8") == card.split("---\n", 2)[2].lstrip()
        package = ROOT / "src/pleiade/registry/bundled" / name
        if package.is_dir():
            assert (package / "README.md").read_text("utf-8") == package_card(member)
            assert member.record.weights_sha256 in (package / "SHA256SUMS").read_text("utf-8")
    assert not any("/work" in file.read_text("utf-8") for file in RECORDS.rglob("*.json"))


def test_a_record_of_other_weights_than_those_that_ship_is_refused(tmp_path: Path) -> None:
    write_record(record("chat"), tmp_path / "docs/models/records/toy")
    (tmp_path / "bundled/toy").mkdir(parents=True)
    (tmp_path / "bundled/toy/SHA256SUMS").write_text("cd" * 32 + "  model.safetensors\n")
    with pytest.raises(ValueError, match="other weights"):
        write_all(tmp_path / "docs", tmp_path / "bundled")
    (tmp_path / "bundled/toy/SHA256SUMS").write_text("ab" * 32 + "  model.safetensors\n")
    write_all(tmp_path / "docs", tmp_path / "bundled")
    assert (tmp_path / "bundled/toy/README.md").read_text().count("# toy\n") == 1


def test_a_judge_that_cannot_tell_is_right_half_of_the_time_by_every_source() -> None:
    model = Gpt(GptConfig(512, 64, 1, 2, 1, 32, 128, max_position=256, reward_head=True))
    init_weights(model, seed=3)
    pairs = [
        Preference(({"role": "user", "content": f"q{i}"},), "a b c", "c b a", "facts" if i % 3 else "sums")
        for i in range(40)
    ]
    found = accuracies(model, toy_tokenizer(), pairs, seq_len=200)
    assert {each.source for each in found} == {"facts", "sums"}
    assert sum(each.pairs for each in found) == 4
    assert all(each.share == 0.5 for each in found)


def test_the_panel_asks_fifty_different_things_and_offers_tools_for_some() -> None:
    assert len(set(PANEL)) == len(PANEL) == 50
    assert TOOLS.keys() <= set(PANEL)


def test_the_command_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["record", "chat"])
    assert "--run" in capsys.readouterr().err
