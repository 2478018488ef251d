"""An index of protected text: what repeats it is found wherever it stands, what only resembles it is not."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.safety.policies import PolicyError, read_policy
from pleiade.safety.protected import RUN, ProtectedIndex, ProtectedTextError, shingles_of

WORDS = [f"word{n}" for n in range(400)]
random.Random(1).shuffle(WORDS)
TEXT = " ".join(WORDS)
INDEX = ProtectedIndex([shingles_of(TEXT)])


@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(0, len(WORDS) - 60),
    length=st.integers(5, 60),
    before=st.integers(0, 40),
    after=st.integers(0, 40),
)
def test_a_run_of_twenty_words_is_found_wherever_it_stands_and_nineteen_are_not(
    start: int, length: int, before: int, after: int
) -> None:
    others = (f"other{n}" for n in range(1000))
    text = [next(others) for _ in range(before)] + WORDS[start : start + length] + [next(others) for _ in range(after)]
    assert INDEX.repeats(" ".join(text)) is (length >= RUN)


def test_capitals_accents_and_punctuation_do_not_hide_it() -> None:
    verse = (
        "Maître Corbeau, sur un arbre perché, tenait en son bec un fromage. Maître Renard, par l'odeur alléché, lui "
    )
    index = ProtectedIndex([shingles_of(verse + "tint à peu près ce langage")])
    assert index.repeats("Voici : MAITRE CORBEAU / sur un arbre perche / tenait, en son bec\n un fromage; maitre "
                         "renard par l'odeur alleche lui tint a peu pres ce langage !")  # fmt: skip
    assert not index.repeats("Un corbeau perché sur un arbre avait dans le bec un fromage, et un renard, attiré par "
                             "son odeur, lui parla à peu près ainsi pour le lui prendre.")  # fmt: skip


def test_several_texts_stand_in_one_index_and_two_halves_are_no_run() -> None:
    other = " ".join(f"other{n}" for n in range(30))
    index = ProtectedIndex([shingles_of(TEXT), shingles_of(other)])
    assert index.repeats(other)
    assert not index.repeats(" ".join([*WORDS[:15], *WORDS[200:215]]))
    assert not ProtectedIndex().repeats(TEXT)


def test_too_little_and_too_much_cannot_be_protected() -> None:
    with pytest.raises(ProtectedTextError, match="it has 19 words; 20 to 2,000,000"):
        shingles_of(" ".join(WORDS[:19]))


def test_what_is_kept_does_not_hold_the_text() -> None:
    kept = shingles_of(TEXT)
    assert len(kept) == 8 * (len(WORDS) - 7)
    assert b"word" not in kept


def test_a_policy_names_it_for_answers_only() -> None:
    assert read_policy('[output]\nprotected_text = "block"\n').output.protected_text == "block"
    with pytest.raises(PolicyError, match=r"prompt.protected_text means nothing"):
        read_policy('[prompt]\nprotected_text = "block"\n')
