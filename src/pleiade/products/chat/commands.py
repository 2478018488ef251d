"""What a question can ask for beside words: a picture, by the word it begins with."""

import re

import msgspec

_COMMAND = re.compile(r"\s*/(?P<command>image|dessin|change|retouche)(?!\S)\s*", re.IGNORECASE)
_CHANGES = ("change", "retouche")


class PictureWish(msgspec.Struct, frozen=True):
    """A picture that a question asks for."""

    words: str  # what it shall show
    changes: bool  # the last picture above, instead of making a new one


def picture_wish(question: str) -> PictureWish | None:
    """`/image a red fox` or `/dessin …` asks for a picture, `/change …` or `/retouche …` for another one of the last
    picture; None for a question that asks for words.
    """
    found = _COMMAND.match(question)
    if found is None:
        return None
    return PictureWish(question[found.end() :].strip(), found["command"].lower() in _CHANGES)


def without_command(question: str) -> str:
    """What is asked, without the word that says how it shall be answered."""
    return question[found.end() :] if (found := _COMMAND.match(question)) else question
