"""`pleiade filter protect`: files are registered, listed and removed; the audit log has it."""

from pathlib import Path
from typing import Any

TEXT = " ".join(f"word{n}" for n in range(50))


def test_files_are_protected_listed_and_removed(shell: Any, tmp_path: Path) -> None:
    file = tmp_path / "song.txt"
    file.write_text("\ufeff" + TEXT)
    assert "song.txt is protected" in shell.ok("filter", "protect", "add", str(file))
    (told,) = shell.json("filter", "protect", "list")
    assert (told["name"], told["shingles"]) == ("song.txt", 43)
    assert "43" in shell.ok("filter", "protect", "list")
    assert "no more" in shell.ok("filter", "protect", "remove", "song.txt")
    assert "Nothing is protected" in shell.ok("filter", "protect", "list")
    audit = shell.ok("audit", "list") if shell("audit", "list").exit_code == 0 else shell.ok("audit", "export")
    assert "protected_text.added" in audit


def test_what_cannot_be_protected_is_told_and_changes_nothing(shell: Any, tmp_path: Path) -> None:
    good, short, binary = (tmp_path / name for name in ("good.txt", "short.txt", "binary.txt"))
    good.write_text(TEXT)
    short.write_text("too short")
    binary.write_bytes(b"\xff\xfe\x00\x01")
    assert "no text in UTF-8" in shell.fails("filter", "protect", "add", str(good), str(binary))
    assert shell.json("filter", "protect", "list") == []
    assert "it has 2 words" in shell.fails("filter", "protect", "add", str(short))
    assert "No such file" in shell.fails("filter", "protect", "add", str(tmp_path / "none.txt"))
    assert "no protected text is called" in shell.fails("filter", "protect", "remove", "x")
