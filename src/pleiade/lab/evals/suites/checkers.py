"""The verifiable instructions of IFEval (Zhou et al., 2023), checked anew from their definitions.

Each checker takes the answer and the instruction's own arguments. What cannot be told without a language identifier or
a tagger of words is left out and counted by the suite.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

Checker = Callable[..., bool]

# Languages that are told by their script alone; several languages of one script cannot be told apart.
SCRIPTS = {
    "bn": "BENGALI",
    "gu": "GUJARATI",
    "kn": "KANNADA",
    "ko": "HANGUL",
    "pa": "GURMUKHI",
    "ta": "TAMIL",
    "te": "TELUGU",
    "th": "THAI",
}


def _compare(count: int, relation: str, bound: int) -> bool:
    return count < bound if relation == "less than" else count >= bound


def words(answer: str) -> list[str]:
    """Words as the benchmark counts them: runs of letters, digits and underscores."""
    return re.findall(r"\w+", answer)


def sentences(answer: str) -> list[str]:
    """Sentences by their end marks; abbreviations with a title's full stop do not end one."""
    marked = re.sub(r"\b(Mr|Mrs|Ms|Dr|St|Prof|etc|e\.g|i\.e)\.", r"\1", answer)
    parts = re.split(r"(?<=[.!?])[\"')\]]*\s+|\n{2,}", marked)
    return [part for part in parts if re.search(r"\w", part)]


def paragraphs_by_blank_line(answer: str) -> list[str]:
    """Paragraphs that an empty line separates."""
    return [part for part in answer.split("\n\n") if part.strip()]


def no_comma(answer: str) -> bool:
    """No comma anywhere."""
    return "," not in answer


def highlighted_sections(answer: str, num_highlights: int) -> bool:
    """At least so many *parts* or **parts**."""
    found = [*re.findall(r"\*[^\n*]+\*", answer), *re.findall(r"\*\*[^\n*]+\*\*", answer)]
    return sum(bool(part.strip("*").strip()) for part in found) >= num_highlights


def number_words(answer: str, num_words: int, relation: str) -> bool:
    """Fewer than, or at least, so many words."""
    return _compare(len(words(answer)), relation, num_words)


def number_sentences(answer: str, num_sentences: int, relation: str) -> bool:
    """Fewer than, or at least, so many sentences."""
    return _compare(len(sentences(answer)), relation, num_sentences)


def number_paragraphs(answer: str, num_paragraphs: int) -> bool:
    """Exactly so many paragraphs between lines of ***, none of them empty within."""
    parts = re.split(r"\s?\*\*\*\s?", answer)
    inner = parts[1 if not parts[0].strip() else 0 : -1 if not parts[-1].strip() else None]
    return all(part.strip() for part in inner) and len(inner) == num_paragraphs


def nth_paragraph_first_word(answer: str, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """So many paragraphs between empty lines, one of which begins with a word."""
    parts = re.split(r"\n\n", answer)
    if len([part for part in parts if part.strip()]) != num_paragraphs or nth_paragraph > len(parts):
        return False
    begun = re.split(r"\s", parts[nth_paragraph - 1].strip())[0].lstrip("'\"").lower()
    return re.split(r"[.,?!'\"]", begun)[0] == first_word.lower()


def placeholders(answer: str, num_placeholders: int) -> bool:
    """At least so many [parts] in square brackets."""
    return len(re.findall(r"\[.*?\]", answer)) >= num_placeholders


def postscript(answer: str, postscript_marker: str) -> bool:
    """A line that begins with P.S. or P.P.S, spaces between its letters allowed."""
    letters = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}.get(postscript_marker)
    pattern = letters or re.escape(postscript_marker.lower())
    return re.search(rf"^\s*{pattern}.*$", answer.lower(), re.MULTILINE) is not None


def constrained_response(answer: str) -> bool:
    """One of the three fixed answers."""
    return any(fixed in answer for fixed in ("My answer is yes.", "My answer is no.", "My answer is maybe."))


def json_format(answer: str) -> bool:
    """The whole answer is JSON, in a code block or not."""
    text = re.sub(r"^```(?:json)?|```$", "", answer.strip(), flags=re.IGNORECASE).strip()
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def multiple_sections(answer: str, section_spliter: str, num_sections: int) -> bool:
    """At least so many sections, each begun by the word and a number."""
    return len(re.split(rf"\s?{re.escape(section_spliter)}\s?\d+\s?", answer)) - 1 >= num_sections


def bullet_lists(answer: str, num_bullets: int) -> bool:
    """Exactly so many lines that begin with * or -."""
    starred = re.findall(r"^\s*\*[^*].*$", answer, re.MULTILINE)
    return len(starred) + len(re.findall(r"^\s*-.*$", answer, re.MULTILINE)) == num_bullets


def title(answer: str) -> bool:
    """A title in <<double angular brackets>>."""
    return any(part.strip("<>").strip() for part in re.findall(r"<<[^\n]+>>", answer))


def keywords_exist(answer: str, keywords: list[str]) -> bool:
    """Every keyword, in any case."""
    return all(re.search(re.escape(word), answer, re.IGNORECASE) for word in keywords)


def forbidden_words(answer: str, forbidden_words: list[str]) -> bool:
    """None of the words, as whole words."""
    return not any(re.search(rf"\b{re.escape(word)}\b", answer, re.IGNORECASE) for word in forbidden_words)


def keyword_frequency(answer: str, keyword: str, frequency: int, relation: str) -> bool:
    """A keyword fewer than, or at least, so many times."""
    return _compare(len(re.findall(re.escape(keyword), answer, re.IGNORECASE)), relation, frequency)


def letter_frequency(answer: str, letter: str, let_frequency: int, let_relation: str) -> bool:
    """A character fewer than, or at least, so many times, in any case."""
    return _compare(answer.lower().count(letter.lower()), let_relation, let_frequency)


def capital_words(answer: str, capital_frequency: int, capital_relation: str) -> bool:
    """Words all in capitals, fewer than or at least so many."""
    return _compare(sum(word.isupper() for word in words(answer)), capital_relation, capital_frequency)


def all_capitals(answer: str) -> bool:
    """No small letter."""
    return answer.isupper()


def all_lowercase(answer: str) -> bool:
    """No capital letter."""
    return answer.islower()


def two_responses(answer: str) -> bool:
    """Two different answers separated by six asterisks."""
    parts = answer.split("******")
    inner = parts[1 if not parts[0].strip() else 0 : -1 if not parts[-1].strip() else None]
    told = [part.strip() for part in inner]
    return len(told) == 2 and all(told) and told[0] != told[1]


def repeat_prompt(answer: str, prompt_to_repeat: str) -> bool:
    """The request word for word first."""
    return answer.strip().lower().startswith(prompt_to_repeat.strip().lower())


def end_checker(answer: str, end_phrase: str) -> bool:
    """The very end is a given phrase."""
    return answer.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def quotation(answer: str) -> bool:
    """All of it between double quotation marks."""
    told = answer.strip()
    return len(told) > 1 and told[0] == told[-1] == '"'


def response_language(answer: str, language: str) -> bool:
    """Nearly all letters are of the language's own script (only for languages in SCRIPTS)."""
    letters = [letter for letter in answer if letter.isalpha()]
    own = sum(unicodedata.name(letter, "").startswith(SCRIPTS[language]) for letter in letters)
    return bool(letters) and own >= 0.9 * len(letters)


CHECKERS: dict[str, Checker] = {
    "change_case:capital_word_frequency": capital_words,
    "change_case:english_capital": all_capitals,
    "change_case:english_lowercase": all_lowercase,
    "combination:repeat_prompt": repeat_prompt,
    "combination:two_responses": two_responses,
    "detectable_content:number_placeholders": placeholders,
    "detectable_content:postscript": postscript,
    "detectable_format:constrained_response": constrained_response,
    "detectable_format:json_format": json_format,
    "detectable_format:multiple_sections": multiple_sections,
    "detectable_format:number_bullet_lists": bullet_lists,
    "detectable_format:number_highlighted_sections": highlighted_sections,
    "detectable_format:title": title,
    "keywords:existence": keywords_exist,
    "keywords:forbidden_words": forbidden_words,
    "keywords:frequency": keyword_frequency,
    "keywords:letter_frequency": letter_frequency,
    "language:response_language": response_language,
    "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
    "length_constraints:number_paragraphs": number_paragraphs,
    "length_constraints:number_sentences": number_sentences,
    "length_constraints:number_words": number_words,
    "punctuation:no_comma": no_comma,
    "startend:end_checker": end_checker,
    "startend:quotation": quotation,
}


def can_check(instruction: str, arguments: dict[str, Any]) -> bool:
    """Whether this instruction can be told here."""
    if instruction == "language:response_language":
        return arguments.get("language") in SCRIPTS
    return instruction in CHECKERS


def followed(instruction: str, arguments: dict[str, Any], answer: str) -> bool:
    """Whether `answer` follows it; an empty answer follows nothing."""
    return bool(answer.strip()) and CHECKERS[instruction](answer, **arguments)
