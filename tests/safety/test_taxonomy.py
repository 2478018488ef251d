"""One taxonomy: complete towards those who have a fixed list, documented, and read alike by everybody."""

from pathlib import Path

import pytest

from pleiade.safety.page import BEGIN, END, mapping
from pleiade.safety.severity import level, severities
from pleiade.safety.taxonomy import AZURE_SEVERITIES, HARMS, OPENAI, OPENAI_2023, TAXONOMY, UNJUDGED, Harm

PAGE = Path(__file__).parents[2] / "docs/safety.md"


def test_every_category_of_openai_and_azure_is_judged() -> None:
    today = """harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm
        self-harm/intent self-harm/instructions sexual sexual/minors violence violence/graphic"""
    of_2023 = "hate hate/threatening self-harm sexual sexual/minors violence violence/graphic"
    assert sorted(OPENAI) == sorted(today.split())
    assert sorted(OPENAI_2023) == sorted(of_2023.split())
    assert {entry.azure for entry in TAXONOMY.values()} >= set(AZURE_SEVERITIES)
    assert tuple(TAXONOMY) == HARMS


def test_every_hazard_of_llama_guard_and_mlcommons_is_judged_or_said_not_to_be() -> None:
    judged = {code for entry in TAXONOMY.values() for code in entry.llama_guard}
    assert judged | UNJUDGED["llama_guard"].keys() == {f"S{number}" for number in range(1, 15)}
    assert not judged & UNJUDGED["llama_guard"].keys()
    hazards = {code for entry in TAXONOMY.values() for code in entry.mlcommons}
    known = {"vcr", "ncr", "src", "cse", "dfm", "spc", "prv", "ipv", "iwp", "hte", "ssh", "sxc_prn"}
    assert hazards | UNJUDGED["mlcommons"].keys() == known


def test_the_page_has_the_mapping_that_is_in_force() -> None:
    assert PAGE.read_text("utf-8").split(BEGIN)[1].split(END)[0].strip() == mapping().strip()


def scores(**harms: float) -> list[float]:
    return [harms.get(harm.value, 0.0) for harm in HARMS]


@pytest.mark.parametrize(
    ("given", "category", "severity", "word"),
    [
        ({}, "hate", 0, "safe"),
        ({"hate": 0.2}, "hate", 0, "safe"),
        ({"hate": 0.5}, "hate", 2, "low"),
        ({"hate": 0.95}, "hate", 5, "medium"),
        ({"hate_threat": 0.95, "hate": 0.95}, "hate", 7, "high"),
        ({"harassment": 1.0}, "hate", 4, "medium"),
        ({"self_harm_instructions": 0.9}, "self_harm", 7, "high"),
        ({"sexual": 0.9}, "sexual", 4, "medium"),
        ({"illicit_violent": 0.9}, "violence", 6, "high"),
        ({"illicit": 1.0}, "violence", 0, "safe"),
    ],
)
def test_severities(given: dict[str, float], category: str, severity: int, word: str) -> None:
    found = severities(scores(**given))
    assert found[category] == severity
    assert level(found[category]) == word


def test_a_severity_never_falls_when_a_score_rises() -> None:
    for harm in Harm:
        if TAXONOMY[harm].azure in AZURE_SEVERITIES:
            steps = [severities(scores(**{harm.value: step / 50}))[TAXONOMY[harm].azure] for step in range(51)]
            assert steps == sorted(steps)
            assert steps[-1] == TAXONOMY[harm].ceiling
