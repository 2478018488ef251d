"""Text that grows token by token: no half characters, no missed stop strings."""

from hypothesis import given
from hypothesis import strategies as st

from pleiade.engines.text_openvino.answers.detokenise import Detokeniser, decode
from pleiade.engines.text_openvino.answers.stopping import StopStrings

BYTES = [bytes([value]) for value in range(256)]


@given(st.text())
def test_characters_come_whole_and_none_is_lost(text: str) -> None:
    detokeniser = Detokeniser(BYTES)
    pieces = [detokeniser.push(byte) for byte in text.encode("utf-8", "surrogatepass")]
    whole = "".join(pieces) + detokeniser.end()
    assert whole == text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    assert decode(BYTES, list(text.encode("utf-8", "surrogatepass"))) == whole


@given(st.lists(st.integers(0, 300)))
def test_any_tokens_give_valid_text(tokens: list[int]) -> None:
    detokeniser = Detokeniser(BYTES)
    text = "".join(detokeniser.push(token) for token in tokens) + detokeniser.end()
    assert text.encode().decode() == text


def test_a_character_that_never_ends_becomes_a_replacement_character() -> None:
    detokeniser = Detokeniser(BYTES)
    assert detokeniser.push(0xF0) == ""
    assert detokeniser.end() == "\ufffd"


def test_the_first_space_is_dropped_where_the_tokenizer_adds_one() -> None:
    detokeniser = Detokeniser([b" a", b" b"], strip_first_space=True)
    assert [detokeniser.push(0), detokeniser.push(1)] == ["a", " b"]


@given(
    st.text("ab\n", max_size=40),
    st.lists(st.text("ab\n", min_size=1, max_size=4), min_size=1, max_size=4),
    st.lists(st.integers(0, 40), max_size=10),
)
def test_the_first_stop_string_is_found_across_any_pieces(text: str, stops: list[str], cuts: list[int]) -> None:
    finder = StopStrings(stops)
    shown, found, at = "", False, 0
    for cut in [*sorted({c % (len(text) + 1) for c in cuts}), len(text)]:
        piece, found = finder.push(text[at:cut])
        shown += piece
        at = cut
        if found:
            break
    if not found:
        shown += finder.end()
    places = [text.find(stop) for stop in stops if stop in text]
    if not places:
        assert (shown, found) == (text, False)
    else:
        # Pieces may complete a later, shorter stop string first; nothing of any stop string is ever shown.
        assert found
        assert text.startswith(shown)
        assert not any(stop in shown for stop in stops)
        assert any(text.startswith(stop, len(shown)) for stop in stops)
