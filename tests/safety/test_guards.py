"""Guards' own words, read in ours."""

import pytest

from pleiade.safety.guards import GuardError, form_of, messages_for, scores_of
from pleiade.safety.severity import severities
from pleiade.safety.taxonomy import HARMS


def harms(form: str, answer: str) -> set[str]:
    return {name for name, score in scores_of(form, answer).items() if score}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("safe", set()),
        ("\n\nsafe\n", set()),
        ("unsafe\nS1", {"violence"}),
        ("\n\nunsafe\nS2,S10", {"illicit", "hate"}),
        ("unsafe\nS1,S10", {"violence", "hate", "hate_threat"}),
        ("unsafe\nS9", {"illicit_violent"}),
        ("unsafe\nS4", {"sexual_minors"}),
        ("unsafe\nS3, S12", {"sexual"}),
        ("unsafe\nS11", {"self_harm"}),
        ("unsafe\nS5", set()),  # defamation is not judged here: docs/safety.md says so
    ],
)
def test_llama_guards_lines(answer: str, found: set[str]) -> None:
    assert harms("llama_guard", answer) == found


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('{"violation": 0, "categories": []}', set()),
        ('{"violation": 1, "categories": ["hate", "sexual"]}', {"hate", "sexual"}),
        ('```json\n{"violation": 1, "policy_category": "jailbreak", "rationale": "…"}\n```', {"jailbreak"}),
        ('{"violation": 1, "rule_ids": ["S2"]}', {"illicit"}),
        ('{"violation": true, "category": "violence"}', {"violence"}),
        ("0", set()),
    ],
)
def test_a_safeguards_json(answer: str, found: set[str]) -> None:
    assert harms("safeguard", answer) == found


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("llama_guard", ""),
        ("llama_guard", "unsafe"),
        ("llama_guard", "unsafe\nS99"),
        ("llama_guard", "I think that this is safe."),
        ("safeguard", "safe"),
        ("safeguard", "1"),
        ("safeguard", '{"violation": 2}'),
        ("safeguard", '{"violation": 1, "categories": ["bad manners"]}'),
        ("safeguard", "{broken"),
    ],
)
def test_what_is_no_judgement_is_not_taken_for_one(form: str, answer: str) -> None:
    with pytest.raises(GuardError):
        harms(form, answer)


def test_every_judged_category_of_llama_guard_reaches_the_default_filter() -> None:
    for code in ("S1", "S3", "S4", "S9", "S10", "S11", "S12"):
        scores = scores_of("llama_guard", f"unsafe\n{code}")
        assert max(severities([scores[harm] for harm in HARMS]).values()) >= 4


def test_each_family_is_asked_in_its_way() -> None:
    assert form_of("meta-llama/Llama-Guard-3-8B") == "llama_guard"
    assert form_of("openai/gpt-oss-safeguard-20b") == "safeguard"
    assert [m["role"] for m in messages_for("llama_guard", "x", prompt=True)] == ["user"]
    assert [m["role"] for m in messages_for("llama_guard", "x", prompt=False)] == ["user", "assistant"]
    system, user = messages_for("safeguard", "x", prompt=False)
    assert all(harm in system["content"] for harm in HARMS)
    assert user == {"role": "user", "content": "x"}
