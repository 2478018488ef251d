"""What ratings give to learn from: by consent only, without personal data, and each row that gives nothing counted."""

from typing import Any

import pytest
from hypothesis import given, strategies

from pleiade.domain.examples import read_examples
from pleiade.feedback.nouns import About, Given, Turn
from pleiade.files.errors import InvalidError
from pleiade.lessons.dataset import FORMS, lines, read_gate, split
from pleiade.lessons.deciding import fails_canary, fails_gate, wilson
from pleiade.lessons.examples import learn
from pleiade.lessons.nouns import LessonSide

Row = tuple[Given, About | None]


def row(number: int, verdict: Any = "down", answer: str = "Six.", correction: str = "", **more: Any) -> Row:
    """A rating; `question`, `consent`, `turns` and `whole` where they matter."""
    question = more.get("question", f"How many stars in {number}?")
    turns = more.get("turns", (Turn("user", question),))
    consent = more.get("consent", True)
    rating = Given(
        id=f"feedback_{number}",
        product="api",
        project="p",
        owner="u",
        run=f"run_{number}",
        chat="",
        message="",
        deployment="chat",
        verdict=verdict,
        reasons=[],
        correction=correction,
        consent=consent,
        state="new",
        note="",
        handled_by="",
        created=1,
        updated=1,
    )
    return rating, About(turns, answer, more.get("whole", True)) if consent else None


def test_a_correction_is_preferred_to_what_it_corrects_and_liked_answers_to_disliked_ones() -> None:
    rows = [
        row(1, correction="Seven."),
        row(2, "up", "Blue.", question="Which colour?"),
        row(3, "down", "Red.", question="Which colour?"),
        row(4, "down", "Green."),
        row(5, "up", "Yes."),
    ]
    found = learn("preference", rows)
    pairs = [(one.wished, one.rejected, one.feedback_ids) for one in found.examples]
    assert pairs == [
        ("Seven.", "Six.", ("feedback_1",)),
        ("Blue.", "Red.", ("feedback_3", "feedback_2")),
    ]
    assert list(found.left_out.values()) == [2]
    answers = learn("sft", rows)
    assert [one.wished for one in answers.examples] == ["Seven.", "Blue.", "Yes."]
    assert answers.left_out == {"no correction": 2}


def test_what_may_not_or_cannot_be_learned_is_left_out_and_says_why() -> None:
    rows = [
        row(1, correction="Seven.", consent=False),
        (row(2, correction="Seven.")[0], None),
        row(3, correction="Seven.", whole=False),
        row(4, correction="Seven.", turns=(Turn("user", "x"), Turn("tool", "y"))),
        row(5, correction="Seven.", turns=(Turn("user", "x"), Turn("assistant", "y"))),
        row(6, correction="Seven.", answer=" "),
        row(7, correction="Seven.", question="Same?"),
        row(8, correction="Seven.", question="Same?"),
        row(9, correction="Six."),
    ]
    found = learn("preference", rows)
    assert len(found.examples) == 1
    assert found.left_out == {
        "no consent": 1,
        "no correction, and no answer to the same question rated the other way": 1,
        "not a conversation in text": 3,
        "nothing kept of question and answer": 1,
        "question or answer too long to be kept whole": 1,
        "said twice": 1,
    }


def test_personal_data_is_replaced_wherever_it_stands() -> None:
    question = "I am ann@example.org, 4111 1111 1111 1111."
    found = learn("preference", [row(1, question=question, answer="Write to bob@example.org.", correction="No mail!")])
    text = b"".join(lines("preference", found.examples)).decode()
    assert "example.org" not in text
    assert "4111" not in text
    assert "I am [email], [credit_card]." in text
    assert found.redacted == {"credit_card": 1, "email": 2}


def test_a_question_is_learned_or_measured_and_both_files_are_what_their_readers_take() -> None:
    rows = [row(n, correction=f"Seven {n}.", question=f"How many in {n % 20}?") for n in range(40)]
    for kind in ("preference", "sft"):
        found = learn(kind, rows).examples
        learned, aside = split(found)
        assert len(learned) + len(aside) == 40
        asked, measured = ({str(one.messages) for one in part} for part in (learned, aside))
        assert (len(asked), len(measured), asked & measured) == (16, 4, set())
        assert split(found) == (learned, aside), "the same ones each time"
        content = b"".join(lines(kind, learned))
        examples, problems = read_examples(content.splitlines(), FORMS[kind])
        assert (len(examples), problems) == (len(learned), [])
        again = read_gate(kind, content)
        assert [(one.messages, one.wished) for one in again] == [(one.messages, one.wished) for one in learned]
    with pytest.raises(InvalidError, match="line 1"):
        read_gate("preference", b'{"messages": []}\n')


@given(strategies.integers(0, 500), strategies.integers(0, 500))
def test_an_interval_holds_its_share_and_narrows_with_more_ratings(down: int, up: int) -> None:
    count = down + up
    low, high = wilson(down, count)
    assert 0 <= low <= high <= 1
    if count:
        assert low - 1e-9 <= down / count <= high + 1e-9
        more = wilson(4 * down, 4 * count)
        assert more[1] - more[0] < high - low


def side(gate: float = 0.5, flagged: int | None = None, up: int = 0, down: int = 0) -> LessonSide:
    low, high = wilson(down, up + down)
    counts: dict[str, Any] = {"up": up, "down": down, "down_low": low, "down_high": high}
    return LessonSide(deployment="d", model="m", gate=gate, graded=10, flagged=flagged, **counts)


def test_the_gate_lets_pass_what_is_not_worse_beyond_the_margin_nor_more_harmful() -> None:
    assert fails_gate(side(0.5), side(0.48), 0.02) == ""
    assert "reaches 0.470 on 10 rows and the model that serves now 0.500" in fails_gate(side(0.5), side(0.47), 0.02)
    assert fails_gate(side(flagged=1), side(flagged=1), 0.02) == ""
    assert fails_gate(side(flagged=1), side(flagged=2), 0.02) == "", "a classifier errs, too"
    assert "3 of its 10 answers are harmful" in fails_gate(side(flagged=1), side(flagged=3), 0.02)
    assert fails_gate(side(flagged=None), side(flagged=9), 0.02) == ""


def test_thumbs_speak_against_a_candidate_only_where_they_are_clear() -> None:
    assert fails_canary(side(), side(down=50)) == "", "nobody rated the other"
    assert fails_canary(side(up=4), side(down=4)) == "", "too few"
    assert fails_canary(side(up=5), side(down=5)).startswith("People rate the candidate worse: 5 of 5")
    assert fails_canary(side(up=8, down=2), side(up=6, down=4)) == "", "that may be chance"
    assert fails_canary(side(up=80, down=20), side(up=60, down=40)) != ""
    assert fails_canary(side(up=60, down=40), side(up=80, down=20)) == "", "it is better"
