"""Rows of feedback turned into examples: personal data replaced, and each row that gives none counted by why."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from pleiade.feedback.nouns import About, Given, Turn
from pleiade.lessons.nouns import Example, Kind, Learned
from pleiade.safety.personal import find_personal

ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}

NO_CONSENT = "no consent"
NOTHING_KEPT = "nothing kept of question and answer"
CUT = "question or answer too long to be kept whole"
NO_TEXT = "not a conversation in text"
NO_CORRECTION = "no correction"
NO_PAIR = "no correction, and no answer to the same question rated the other way"
TWICE = "said twice"


class Redactor:
    """Replaces personal data by its kind in brackets, and counts what it replaced."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __call__(self, text: str) -> str:
        """The text without personal data."""
        parts, at = [], 0
        for found in find_personal(text):
            parts += [text[at : found.start], f"[{found.kind}]"]
            at = found.end
            self.counts[found.kind] += 1
        return "".join([*parts, text[at:]])


class _Rated:
    """A rating that may be learned from, its texts without personal data."""

    def __init__(self, given: Given, messages: tuple[dict[str, str], ...], answer: str, correction: str) -> None:
        self.id = given.id
        self.up = given.verdict == "up"
        self.messages = messages
        self.answer = answer
        self.correction = correction
        self.question = json.dumps(messages, sort_keys=True, ensure_ascii=False)


def learn(kind: Kind, rows: Iterable[tuple[Given, About | None]]) -> Learned:
    """Examples of `kind`, in the order of the rows. What is equal is learned once."""
    left_out: Counter[str] = Counter()
    redact = Redactor()
    rated: list[_Rated] = []
    for given, about in rows:
        why = _why_not(given, about)
        if why or about is None:
            left_out[why or NOTHING_KEPT] += 1
            continue
        messages = tuple({"role": ROLES[turn.role], "content": redact(turn.content)} for turn in about.messages)
        rated.append(_Rated(given, messages, redact(about.answer).strip(), redact(given.correction).strip()))
    made = _pairs(rated, left_out) if kind == "preference" else _answers(rated, left_out)
    seen: set[str] = set()
    examples = []
    for example in made:
        key = json.dumps([example.messages, example.wished, example.rejected], ensure_ascii=False)
        if key in seen:
            left_out[TWICE] += 1
        else:
            seen.add(key)
            examples.append(example)
    return Learned(examples=tuple(examples), left_out=_sorted(left_out), redacted=_sorted(redact.counts))


def _why_not(given: Given, about: About | None) -> str:
    if not given.consent:
        return NO_CONSENT
    if about is None:
        return NOTHING_KEPT
    if not about.whole:
        return CUT
    return "" if _is_text(about.messages) and about.answer.strip() else NO_TEXT


def _is_text(messages: tuple[Turn, ...]) -> bool:
    said = all(turn.role in ROLES and turn.content.strip() for turn in messages)
    return bool(messages) and said and messages[-1].role == "user"


def _pairs(rated: list[_Rated], left_out: Counter[str]) -> list[Example]:
    """A correction beside what it corrects; else answers to one question, one rated up and one rated down."""
    liked: dict[str, list[_Rated]] = defaultdict(list)
    for one in rated:
        if one.up:
            liked[one.question].append(one)
    made: list[Example] = []
    used: set[str] = set()
    for one in rated:
        if one.correction and one.correction != one.answer:
            made.append(_example(one, one.correction, one.answer, one.id))
            used.add(one.id)
        elif not one.up:
            for other in liked[one.question]:
                if other.answer != one.answer:
                    made.append(_example(one, other.answer, one.answer, one.id, other.id))
                    used |= {one.id, other.id}
    left_out.update(NO_PAIR for one in rated if one.id not in used)
    return made


def _answers(rated: list[_Rated], left_out: Counter[str]) -> list[Example]:
    """Corrections, and answers that somebody liked."""
    made: list[Example] = []
    for one in rated:
        wished = one.correction or (one.answer if one.up else "")
        if wished:
            made.append(_example(one, wished, "" if one.up else one.answer, one.id))
        else:
            left_out[NO_CORRECTION] += 1
    return made


def _example(one: _Rated, wished: str, rejected: str, *ids: str) -> Example:
    return Example(messages=one.messages, wished=wished, rejected=rejected, feedback_ids=ids)


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(counts) if counts[name]}
