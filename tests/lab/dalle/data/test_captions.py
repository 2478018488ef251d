"""Captions are true, varied, short enough, and in the language that was asked for."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.lab.dalle.data import english, french
from pleiade.lab.dalle.data.captions import EN, FR, Look, caption, plain_caption
from pleiade.lab.dalle.data.colours import NAMED, named
from pleiade.lab.dalle.data.drawings import Drawing, Drawings
from pleiade.lab.dalle.data.noise import as_typed, without_accents
from pleiade.lab.dalle.data.words import MAX_TEXT, encode, train_caption_tokenizer

ROCKET = Drawing(
    "tabler/rocket", "rocket", "tabler", "solid", "rocket", "MIT", "train", mono=True,
    name_fr="fusée", keywords_en=("space",), keywords_fr=("espace",),
)  # fmt: skip
RED_ON_BLUE = Look((named("red"),), (named("navy blue"),), filled=True)


def captions(language: str, look: Look = RED_ON_BLUE, count: int = 300) -> list[str]:
    return [caption(ROCKET, Random(seed), language, look) for seed in range(count)]


def test_captions_name_the_fill_and_the_ground_that_the_picture_has_and_no_other() -> None:
    for made in captions(EN):
        said = {colour.en for colour in NAMED if colour.en in made.lower()} - {"blue"}  # part of navy blue
        assert said <= {"red", "navy blue"}, made
    assert sum("red" in made for made in captions(EN)) > 150
    assert sum("navy blue background" in made.lower() for made in captions(EN)) > 150


def test_french_captions_are_french() -> None:
    made = [words.lower() for words in captions(FR)]
    assert not any(word in words.split() for words in made for word in ("a", "of", "the", "background", "on", "red"))
    assert sum("fusée rouge" in words for words in made) > 30
    assert sum("fond bleu marine" in words for words in made) > 150


def test_the_same_drawing_is_told_in_many_ways() -> None:
    assert len(set(captions(EN))) > 100
    assert max(len(made.split()) for made in captions(EN)) <= 40


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (english.with_article("apple"), "an apple"),
        (english.with_article("unicorn"), "a unicorn"),
        (english.with_article("books"), "books"),
        (english.with_article("3D glasses"), "3D glasses"),
        (english.plural("box"), "boxes"),
        (english.plural("maple leaf"), "maple leaves"),
        (english.plural("cherry"), "cherries"),
        (french.of("étoile"), "d'étoile"),
        (french.of("fusée"), "de fusée"),
        (french.plural("cheval blanc"), "chevaux blanc"),
        (french.colour_adjective("vert", feminine=True, several=True), "vertes"),
        (french.colour_adjective("orange", feminine=True, several=True), "orange"),
        (french.colour_adjective("bleu clair", feminine=True), "bleu clair"),
        (french.with_article("étoile"), "une étoile"),
        (french.with_article("fromage"), "un fromage"),
    ],
)
def test_grammar(made: str, expected: str) -> None:
    assert made == expected


@given(st.integers(0, 10_000))
def test_typing_never_loses_the_words(seed: int) -> None:
    text = "une étoile rouge à gauche d’un cœur bleu"
    typed = as_typed(text, Random(seed))
    assert abs(len(typed) - len(text)) <= 3
    assert "’" not in typed


def test_accents_go_and_letters_stay() -> None:
    assert without_accents("Été à Noël, cœur, ça") == "Ete a Noel, coeur, ca"


def test_the_caption_to_evaluate_with_is_plain_and_always_the_same() -> None:
    assert plain_caption(ROCKET) == "a solid icon of a rocket"
    assert plain_caption(ROCKET, FR) == "icône pleine de fusée"


def test_ids_are_cut_and_padded_and_no_caption_is_all_padding(drawings: Drawings) -> None:
    tokenizer = train_caption_tokenizer(drawings, 400, scenes=40)
    ids = encode(tokenizer, ["", "a red star", "star " * 200])
    assert ids.shape == (3, MAX_TEXT)
    assert not ids[0].any()
    assert tokenizer.decode(list(ids[1][ids[1] > 0])) == "a red star"
    assert (ids[2] > 0).all()
