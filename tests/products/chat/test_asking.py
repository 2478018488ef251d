"""What a request for an answer says: which turns, and how much of the files, by an estimate that is rather too high."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.products.chat.asking import Wish, ask, fitting, tokens_at_most, unsent
from pleiade.products.chat.attachments import Document
from pleiade.products.chat.messages import Turn
from pleiade.products.chat.titles import LONGEST, title_from


def turn(number: int, role: str, *, response: str = "", status: str = "completed", content: str = "words") -> Turn:
    parent = str(number - 1) if number else ""
    return Turn(id=str(number), parent=parent, role=role, status=status, response=response, content=content)


def test_only_what_came_after_the_last_whole_answer_is_sent() -> None:
    turns = [
        turn(0, "user"),
        turn(1, "assistant", response="resp_1"),
        turn(2, "user"),
        turn(3, "assistant", response="resp_3", status="failed"),
        turn(4, "user"),
    ]
    assert unsent(turns, chained=True) == ("resp_1", turns[2:])
    assert unsent(turns, chained=False) == ("", turns)


def test_an_answer_that_failed_before_its_first_word_is_left_out() -> None:
    turns = [turn(0, "user"), turn(1, "assistant", status="failed", content=""), turn(2, "user")]
    body = ask(turns, {}, Wish(deployment="chat", context=2048)).body
    assert [item["role"] for item in body["input"]] == ["user", "user"]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=6), st.integers(512, 8192), st.sampled_from("aé字 \n"))
def test_files_fit_into_the_context_together_and_small_ones_stay_whole(
    lengths: list[int], context: int, sign: str
) -> None:
    documents = [
        Document(id=f"att_{number}", name=f"{number}.txt", kind="text", text=("x" + sign) * (length // 2) or "x")
        for number, length in enumerate(lengths)
    ]
    asked = ask([turn(0, "user", content="What?")], {"0": documents}, Wish(deployment="chat", context=context))
    sent = asked.body["input"][0]["content"]
    read = asked.read["0"]
    given_text = sum(tokens_at_most(document.text[: read[document.id]]) for document in documents)
    assert given_text <= context * 3 // 4
    for document in documents:
        assert 0 <= read[document.id] <= len(document.text)
        if read[document.id] < len(document.text):
            assert f"first {read[document.id]} of {len(document.text)} characters" in sent


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=3000), st.integers(0, 4096))
def test_what_fits_is_a_beginning_that_is_not_too_long(text: str, context: int) -> None:
    length = fitting(text, context)
    assert 0 <= length <= len(text)
    if context:
        assert tokens_at_most(text[:length]) <= context


def test_without_a_known_context_nothing_is_cut() -> None:
    document = Document(id="att_1", name="a.txt", kind="text", text="word " * 100_000)
    asked = ask([turn(0, "user")], {"0": [document]}, Wish(deployment="chat", context=0))
    assert asked.read == {"0": {"att_1": 500_000}}


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=500))
def test_a_title_is_one_short_line(question: str) -> None:
    title = title_from(question)
    assert len(title) <= LONGEST
    assert "\n" not in title


def test_titles_are_the_first_words_that_say_something() -> None:
    assert title_from("# **Why** is `x` so?\nmore") == "Why is x so?"
    assert title_from("---\n\n> Bonjour") == "Bonjour"
    assert title_from("…") == ""
    assert title_from("word " * 40) == ("word " * 11).strip() + "…"
