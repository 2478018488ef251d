"""Protected texts in the database: added, replaced, listed and removed; their version tells gateways."""

import pytest
import sqlalchemy as sa

from pleiade.registry import RegistryError
from pleiade.registry.protected import list_protected, load_index, protect, protected_version, unprotect
from pleiade.store.protected import protected_texts

TEXT = " ".join(f"word{n}" for n in range(50))
OTHER = " ".join(f"other{n}" for n in range(30))


def test_texts_are_added_replaced_and_removed(db: sa.Engine) -> None:
    protect(db, "b.txt", TEXT)
    protect(db, "a.txt", OTHER)
    assert [(text.name, text.shingles) for text in list_protected(db)] == [("a.txt", 23), ("b.txt", 43)]
    assert load_index(db).repeats(TEXT)
    before = protected_version(db)
    protect(db, "b.txt", OTHER)
    assert protected_version(db) > before
    assert not load_index(db).repeats(TEXT)
    unprotect(db, "a.txt")
    unprotect(db, "b.txt")
    assert len(load_index(db)) == 0
    with pytest.raises(RegistryError, match=r"no protected text is called 'a.txt'"):
        unprotect(db, "a.txt")


def test_a_text_that_is_too_short_is_refused_and_nothing_changes(db: sa.Engine) -> None:
    protect(db, "a.txt", TEXT)
    with pytest.raises(RegistryError, match=r"a.txt: it has 2 words"):
        protect(db, "a.txt", "too short")
    assert load_index(db).repeats(TEXT)


def test_the_text_itself_is_nowhere(db: sa.Engine) -> None:
    protect(db, "a.txt", TEXT)
    with db.connect() as connection:
        (row,) = connection.execute(sa.select(protected_texts)).all()
    assert b"word" not in row.shingles
