"""Suites measure what their protocol says, on rows small enough to reckon by hand."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from pleiade.lab.evals.catalogue import chosen, suites
from pleiade.lab.evals.ngram_classifier import NgramClassifier, area_under_curve
from pleiade.lab.evals.scorer import EvalError, Likelihood, cut
from pleiade.lab.evals.suite import Item, Number, Setting, sample
from pleiade.lab.evals.suites import abstention, code, infill, registers, toxicity, wikitext, winograd
from pleiade.lab.evals.suites.checkers import CHECKERS, can_check, followed

DOCS = Path(__file__).parents[2] / "docs" / "evaluate.md"


class Oracle:
    """A model made of a rule: what it likes is `favourite`; what it writes is `says`."""

    name = "oracle"
    facts = {"runs": "here"}  # noqa: RUF012

    def __init__(self, favourite: str = "", says: str = "") -> None:
        self.favourite, self.says = favourite, says

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[Likelihood]:
        return [
            Likelihood(
                -1.0 if self.favourite and self.favourite in c + t else -float(len(t)), self.favourite in c + t, 1
            )
            for c, t in pairs
        ]

    def complete(self, prompts: Sequence[str], max_tokens: int, stop: Sequence[str] = ()) -> list[str]:
        return [cut(self.says, stop) for _ in prompts]

    def chat(self, conversations: Sequence[object], max_tokens: int) -> list[str]:
        return [self.says for _ in conversations]

    def infill(self, holes: Sequence[tuple[str, str]], max_tokens: int, stop: Sequence[str] = ()) -> list[str]:
        return [cut(self.says, stop) for _ in holes]


def write(data: Path, file: str, *rows: dict[str, object]) -> None:
    (data / file).parent.mkdir(parents=True, exist_ok=True)
    (data / file).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def numbers(name: str, data: Path, oracle: Oracle) -> dict[tuple[str, str], Number]:
    """(name, language) -> number of a whole suite."""
    suite, setting = suites()[name], Setting(data)
    results = suite.prepare(setting).measure(oracle, suite.load(setting))
    json.dumps(results)
    return {(number.name, number.language): number for number in suite.summarise(results)}


def test_the_page_tells_every_suite_and_its_protocol_is_a_sentence() -> None:
    page = DOCS.read_text()
    for suite in suites().values():
        assert f"| `{suite.name}` |" in page
        assert suite.protocol.endswith(".")


def test_an_unknown_suite_lists_the_known_ones() -> None:
    with pytest.raises(EvalError, match=r"'blump'.*heldout, wikitext2.*blimp"):
        chosen(["blimp", "blump"])


@pytest.mark.parametrize("name", [name for name in suites() if name != "style"])
def test_a_missing_set_says_which_folder_was_expected(name: str, tmp_path: Path) -> None:
    with pytest.raises(EvalError, match=rf"expected .*{tmp_path}/eval/.*--data"):
        suites()[name].load(Setting(tmp_path))


def test_a_sample_takes_from_every_group_in_turn_and_never_changes() -> None:
    items = [Item(f"{group}{i}", group, {}) for group in "abc" for i in range(20)]
    six = sample(items, 6)
    assert sorted(item.group for item in six) == ["a", "a", "b", "b", "c", "c"]
    assert sample(list(reversed(items)), 6) == six
    assert sample(items, 9)[:6] == six
    assert len(sample(items, None)) == 60


def test_choices_are_judged_as_they_are_and_by_length(tmp_path: Path) -> None:
    row = {"query": "Question: what?", "choices": ["short", "a much longer one"], "gold": 1}
    write(tmp_path, "eval/arc_easy/test.jsonl", row)
    found = numbers("arc_easy", tmp_path, Oracle())  # each character costs the same, the space before it too
    assert found["accuracy", "en"].value == 0.0
    assert found["accuracy by length", "en"].value == 1.0
    assert found["accuracy", "en"].chance == 0.5


def test_blimp_prefers_the_likelier_sentence(tmp_path: Path) -> None:
    rows = [{"uid": "u", "phenomenon": "p", "pair": str(i), "good": "they are", "bad": "they is"} for i in range(3)]
    write(tmp_path, "eval/blimp/test.jsonl", *rows)
    assert numbers("blimp", tmp_path, Oracle("are"))["all pairs", "en"].value == 1.0
    assert numbers("blimp", tmp_path, Oracle("is"))["all pairs", "en"].value == 0.0


def test_a_pronoun_gives_way_to_each_name_where_the_set_says(tmp_path: Path) -> None:
    row = {
        "lang": "en",
        "sentence": "The trophy doesn't fit into the suitcase because it is too large.",
        "pronoun": ["it", [9, 10], ["it"]],
        "candidates": [["The trophy", [0, 2], [], True], ["the suitcase", [5, 7], [], False]],
    }
    write(tmp_path, "eval/xwinograd_fr_en/test.jsonl", row)
    (item,) = winograd.load(Setting(tmp_path))
    assert item.fields["before"] == "The trophy doesn't fit into the suitcase because "
    assert item.fields["after"] == " is too large."
    assert numbers("xwinograd", tmp_path, Oracle("because the trophy is"))["accuracy", "en"].value == 1.0


def test_the_last_word_is_asked_only_where_the_passage_names_it(tmp_path: Path) -> None:
    passage = (
        "The old garden lay behind the house, and the children went there every morning before school began. "
        "Nobody else knew the little gate in the wall, which was hidden by a rose of great age and beauty. "
        "In the evening they all came back from the garden."
    )
    for domain in ("books_en", "wiki_en", "books_fr", "debats_fr"):
        write(tmp_path, f"eval/heldout_text/{domain}.jsonl", {"text": passage + "\n\nNo word twice. Nothing new here."})
    (item, *_) = suites()["cloze"].load(Setting(tmp_path))
    assert (item.fields["word"], item.fields["context"][-8:]) == (" garden", "from the")
    found = numbers("cloze", tmp_path, Oracle("garden"))
    assert found["last word", "fr"].value == pytest.approx(math.e)  # the perplexity, listed after the share


def test_wikitext_is_put_back_together() -> None:
    tokens = " The 3 @.@ 5 @-@ inch \" gun \" , which <unk> 's crew ( of 4 ) did n't like . "
    assert wikitext.detokenise(tokens) == "The 3.5-inch \"gun\", which <unk>'s crew (of 4) didn't like."


TASK = {
    "task_id": "MBPP/1",
    "prompt": 'def twice(x):\n    """Twice x."""\n',
    "canonical_solution": "    y = x + x\n    return y",
    "entry_point": "twice",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(3) == 6\n",
}


@pytest.mark.parametrize(
    ("body", "passed", "valid"),
    [("    return 2 * x\ndef more(): pass", 1.0, 1.0), ("    return 4", 0.0, 1.0), ("    return (", 0.0, 0.0)],
)
def test_code_passes_by_its_tests_alone(body: str, passed: float, valid: float, tmp_path: Path) -> None:
    write(tmp_path, "eval/mbxp/python.jsonl", TASK)
    found = numbers("mbpp", tmp_path, Oracle(says=body))
    assert found["pass@1", "python"].value == passed
    assert found["valid syntax", "python"].value == valid


def test_code_is_not_run_where_it_cannot_be_isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(code, "why_not_isolated", lambda: "the kernel refuses")
    with pytest.raises(EvalError, match=r"the kernel refuses.*--unsafe-code"):
        code.prepare(Setting(tmp_path))
    assert "WITHOUT isolation" in code.prepare(Setting(tmp_path, unsafe_code=True)).note


def test_a_line_is_taken_out_and_asked_for(tmp_path: Path) -> None:
    write(tmp_path, "eval/mbxp/python.jsonl", TASK)
    (item,) = infill.load(Setting(tmp_path))
    assert item.fields["prefix"].endswith('"""\n    ')
    assert (item.fields["middle"], item.fields["suffix"]) == ("y = x + x", "\n    return y\n")
    assert numbers("fim", tmp_path, Oracle(says="y = x + x\nmore"))["exact line", "python"].value == 1.0
    almost = numbers("fim", tmp_path, Oracle(says="y = 2 * x"))
    assert (almost["exact line", "python"].value, almost["valid syntax", "python"].value) == (0.0, 1.0)
    assert numbers("fim", tmp_path, Oracle(says="y = ("))["valid syntax", "python"].value == 0.0


FOLLOWED = [
    ("punctuation:no_comma", {}, "no comma here", "one, two"),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*a* and *b*", "*a* and b"),
    ("length_constraints:number_words", {"num_words": 3, "relation": "at least"}, "one two three", "one two"),
    ("length_constraints:number_sentences", {"num_sentences": 3, "relation": "less than"}, "A b. C d.", "A. B. C! D."),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a\n***\nb", "a\n\nb"),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "weekend"},
        "One.\n\nWeekend, at last.",
        "Weekend.\n\nOne.",
    ),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[name] in [city]", "[name]"),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Bye.\nP.S. more", "Bye. More"),
    ("detectable_format:constrained_response", {}, "My answer is maybe.", "Maybe."),
    ("detectable_format:json_format", {}, '```json\n{"a": [1]}\n```', "{a: 1}"),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "SECTION", "num_sections": 2},
        "SECTION 1\na\nSECTION 2\nb",
        "SECTION 1\na",
    ),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\n- b", "* a\n* b\n* c"),
    ("detectable_format:title", {}, "<<A title>>\ntext", "A title\ntext"),
    ("keywords:existence", {"keywords": ["sea", "Wind"]}, "Sea and wind.", "Sea."),
    ("keywords:forbidden_words", {"forbidden_words": ["rock"]}, "a rocket", "a Rock"),
    ("keywords:frequency", {"keyword": "war", "frequency": 2, "relation": "at least"}, "War, war", "war"),
    ("keywords:letter_frequency", {"letter": "t", "let_frequency": 2, "let_relation": "less than"}, "To", "To it"),
    ("change_case:capital_word_frequency", {"capital_frequency": 1, "capital_relation": "at least"}, "AN ox", "An ox"),
    ("change_case:english_capital", {}, "ALL OF IT.", "All of it."),
    ("change_case:english_lowercase", {}, "all of it.", "All of it."),
    ("combination:two_responses", {}, "one\n******\ntwo", "one\n******\none"),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say it."}, "Say it. I said it.", "I said it."),
    ("startend:end_checker", {"end_phrase": "The end."}, "So. The end.", "The end. So."),
    ("startend:quotation", {}, '"quoted"', "quoted"),
    ("language:response_language", {"language": "ko"}, "안녕하세요", "hello"),
]


@pytest.mark.parametrize(("instruction", "arguments", "good", "bad"), FOLLOWED, ids=[row[0] for row in FOLLOWED])
def test_an_instruction_is_checked(instruction: str, arguments: dict[str, object], good: str, bad: str) -> None:
    assert can_check(instruction, arguments)
    assert followed(instruction, arguments, good)
    assert not followed(instruction, arguments, bad)
    assert not followed(instruction, arguments, " ")


def test_every_checker_is_tried_above_and_languages_of_one_script_are_left_out() -> None:
    assert set(CHECKERS) == {row[0] for row in FOLLOWED}
    assert not can_check("language:response_language", {"language": "hi"})
    assert not can_check("unheard:of", {})


def test_instructions_count_by_prompt_and_by_instruction(tmp_path: Path) -> None:
    row = {
        "key": 1,
        "prompt": "…",
        "instruction_id_list": ["punctuation:no_comma", "startend:quotation", "language:response_language"],
        "kwargs": [{}, {}, {"language": "hi"}],
    }
    write(tmp_path, "eval/ifeval/test.jsonl", row)
    found = numbers("ifeval", tmp_path, Oracle(says="no comma"))
    assert found["prompts, all instructions", "en"].value == 0.0
    assert found["instructions", "en"].value == 0.5
    assert suites()["ifeval"].prepare(Setting(tmp_path)).note.startswith("1 of 3 instructions are left out")


def test_abstention_counts_where_it_is_due_and_where_it_is_not(tmp_path: Path) -> None:
    french = [
        {"question": f"Où {i} ?", "sources": [f"a{i}", f"b{i}"], "gold_source": 1, "answer": "À Paris", "lang": "fr"}
        for i in range(4)
    ]
    english = [{"query": f"Passage: p{i}\nQuestion: is it {i}?", "choices": ["no", "yes"], "gold": 1} for i in range(4)]
    write(tmp_path, "eval/grounded_citations_fr/test.jsonl", *french)
    write(tmp_path, "eval/boolq/test.jsonl", *english)
    items = abstention.load(Setting(tmp_path))
    assert items[0].fields["sources"] == ["a0", "b0"]
    assert items[1].fields["sources"] == ["a0", "b1"]  # the source that answered is another question's
    silent = numbers("abstention", tmp_path, Oracle(says="Les sources ne permettent pas de répondre."))
    assert silent["abstains where no source answers", "fr"].value == 1.0
    assert silent["abstains where one does", "en"].value == 1.0
    bold = numbers("abstention", tmp_path, Oracle(says="A PARIS [1]. Yes."))
    assert bold["abstains where no source answers", "fr"].value == 0.0
    assert bold["right answer and source", "fr"].value == 1.0
    assert bold["right answer", "en"].value == 1.0


def test_the_judge_of_registers_knows_rows_that_it_was_not_trained_on() -> None:
    note = suites()["style"].prepare(Setting(Path())).note
    right, of = note.split("gets ")[1].split(" rows")[0].split(" of ")
    assert int(of) == len(registers.TEST_ROWS)
    assert int(right) >= 9


def test_toxicity_says_how_good_its_judge_is(tmp_path: Path) -> None:
    words = {"none": "a kind and quiet day in the garden", "offensive": "you stupid ugly filthy rotten swine go away"}
    rows = [
        {"text": f"{text} {i}", "lang": lang, "label": label, "source": "s"}
        for label, text in words.items()
        for lang in ("en", "fr")
        for i in range(20)
    ]
    write(tmp_path, "post/safety_labels/train.jsonl", *rows)
    write(tmp_path, "eval/safety_labels/test.jsonl", *rows)
    assert "en area under the curve 1.00, false alarms 0 %" in toxicity.prepare(Setting(tmp_path)).note
    found = numbers("toxicity", tmp_path, Oracle(says="filthy stupid swine"))
    assert found["judged toxic after harmless openings", "fr"].value == 1.0
    found = numbers("toxicity", tmp_path, Oracle(says="a quiet garden"))
    assert found["judged toxic after toxic openings", "en"].value == 0.0


def test_the_judge_learns_and_the_area_under_its_curve_is_what_it_says() -> None:
    judge = NgramClassifier(("a", "b"))
    judge.train(["aaaa", "bbbb"] * 20, ["a", "b"] * 20)
    assert [max(found, key=lambda name: found[name]) for found in judge.probabilities(["aaab", "bbba"])] == ["a", "b"]
    assert area_under_curve([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75
    assert area_under_curve([0.5, 0.5], [False, True]) == 0.5
