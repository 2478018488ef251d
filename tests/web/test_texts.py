"""English and French say the same things: nothing is missing, left over, or left in the other language."""

import json
import re
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[2] / "web" / "src"
# What every page says, and what only one space says.
FILES = {
    language: [
        json.loads((path.parent / path.name.replace("en.json", f"{language}.json")).read_text())
        for path in sorted((WEB / "i18n").glob("*en.json"))
    ]
    for language in ("en", "fr")
}
TEXTS = {language: {key: text for file in files for key, text in file.items()} for language, files in FILES.items()}
SOURCE = "\n".join(path.read_text() for path in sorted(WEB.rglob("*.ts*")))
# Said alike in both languages.
ALIKE = {
    *(
        "Assistant",
        "Chat",
        "Code",
        "Console",
        "Images",
        "Invitation",
        "Llama Guard",
        "Menu",
        "Messages",
        "Pleiade",
        "Source",
        "Sources",
        "Versions",
    ),
    *(
        "JPEG",
        "Opaque",
        "Portrait",
        "Rectangle",
        "Style",
        "Transparent",
        "WebP",
        "gpt-oss-safeguard",
        "violence",
        "{width} × {height} pixels",
    ),
}


def test_both_languages_have_the_same_texts_in_order() -> None:
    assert [list(file) for file in FILES["fr"]] == [list(file) for file in FILES["en"]]
    assert [list(file) for file in FILES["en"]] == [sorted(file) for file in FILES["en"]]
    assert sum(map(len, FILES["en"])) == len(TEXTS["en"]), "a text stands in one file only"


def test_both_languages_fill_in_the_same_values() -> None:
    def values(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    differ = [key for key, text in TEXTS["en"].items() if values(text) != values(TEXTS["fr"][key])]
    # "one" may say it in words.
    assert [key for key in differ if not key.endswith(".one")] == []


def test_no_text_is_left_untranslated() -> None:
    alike = [key for key, text in TEXTS["en"].items() if text == TEXTS["fr"][key] and text not in ALIKE]
    words = [key for key in alike if re.search(r"[A-Za-zÀ-ÿ]{4}", re.sub(r"\{\w+\}", "", TEXTS["en"][key]))]
    assert words == []


def test_every_text_is_used() -> None:
    quoted = set(re.findall(r"[\"'`]([a-z]\w*(?:\.\w+)+)[\"'`]", SOURCE))
    begun = set(re.findall(r"`([a-z][\w.]*\.)\$\{", SOURCE))  # t(`role.${role}`)
    unused = [
        key
        for key in TEXTS["en"]
        if re.sub(r"\.(one|other)$", "", key) not in quoted and not key.startswith(tuple(begun) or ("\0",))
    ]
    assert unused == []


def test_no_text_stands_in_the_code() -> None:
    said = re.compile(
        r"(?:aria-label|placeholder|title|alt|label)=\"([A-Z][^\"]+)\"|>\s*([A-Z][a-z]+ [a-z][^<>{}=;()]*)<"
    )
    found = [
        f"{path.relative_to(WEB)}: {match[1] or match[2]}"
        for path in sorted(WEB.rglob("*.tsx"))
        for match in said.finditer(path.read_text())
    ]
    assert [line for line in found if not line.endswith(": Pleiade")] == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_typography_is_right(language: str) -> None:
    for key, text in TEXTS[language].items():
        assert "..." not in text, f"{key}: … is one sign"
        if language == "fr":
            assert not re.search(r"\w[:;!?»]( |$)|\w'\w", text), f"{key}: {text}"
