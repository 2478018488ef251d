"""Finding chats by their words: SQLite's FTS5 or PostgreSQL's tsvector, the same answers by either.

What is indexed is folded already (words.py), so neither database's own idea of a word matters. The owner is a word
of each entry too: a search touches nobody else's entries, however many there are.
"""

import hashlib
import time
from collections.abc import Mapping

import sqlalchemy as sa

from pleiade.products.chat.nouns import Found
from pleiade.products.records.rows import SECOND, Owner, of
from pleiade.products.records.words import snippet, words_of
from pleiade.store.chats import chat_messages, chats

MOST = 50
_CANDIDATES = 200  # the best by their words, among which what is newer comes first
_WORDS = 16  # of a question; more only make it slow
_FADES_S = 90 * 24 * 3600  # after which an answer counts half as much as one of now

_INDEX_SQLITE = sa.text("INSERT INTO chat_search (rowid, owner, words) VALUES (:number, :owner, :words)")
_FORGET_SQLITE = sa.text("DELETE FROM chat_search WHERE rowid = :number")
_INDEX_POSTGRESQL = sa.text(
    "INSERT INTO chat_search (number, words) VALUES (:number, to_tsvector('simple', :words || ' ' || :owner)) "
    "ON CONFLICT (number) DO UPDATE SET words = excluded.words"
)


def index(connection: sa.Connection, owner: Owner, contents: Mapping[int, str]) -> None:
    """Let messages be found by the words of their contents, by the messages' numbers."""
    token = _token(owner)
    rows = [
        {"number": number, "owner": token, "words": " ".join(words_of(content))} for number, content in contents.items()
    ]
    if connection.dialect.name == "sqlite":
        connection.execute(_FORGET_SQLITE, rows)
        connection.execute(_INDEX_SQLITE, rows)
    else:
        connection.execute(_INDEX_POSTGRESQL, rows)


def search(connection: sa.Connection, owner: Owner, question: str, limit: int) -> list[Found]:
    """Where all words of `question` stand (the last may be unfinished): titles first, then messages, best first."""
    words = words_of(question)[:_WORDS]
    if not words:
        return []
    found = _titles(connection, owner, words, limit)
    return (found + _messages(connection, owner, words, limit))[:limit]


def _titles(connection: sa.Connection, owner: Owner, words: list[str], limit: int) -> list[Found]:
    *whole, last = words
    conditions = [chats.c.words.contains(f" {word} ") for word in whole]  # letters and digits only: nothing to escape
    rows = connection.execute(
        sa.select(chats.c.id, chats.c.title, chats.c.updated)
        .where(of(owner, chats), sa.not_(chats.c.temporary), *conditions, chats.c.words.contains(f" {last}"))
        .order_by(chats.c.updated.desc())
        .limit(limit)
    )
    hits = []
    for row in rows:
        text, ranges = snippet(row.title, words)
        created = row.updated // SECOND
        hits.append(Found(chat=row.id, message=None, title=row.title, snippet=text, ranges=ranges, created=created))
    return hits


def _messages(connection: sa.Connection, owner: Owner, words: list[str], limit: int) -> list[Found]:
    best = _best(connection.dialect.name, owner, words)
    rows = connection.execute(
        sa.select(
            chat_messages.c.id,
            chat_messages.c.chat,
            chat_messages.c.content,
            chat_messages.c.created,
            chats.c.title,
            best.c.score,
        )
        .join(best, best.c.number == chat_messages.c.number)
        .join(chats, chats.c.id == chat_messages.c.chat)
        .where(of(owner, chats))
    ).all()
    moment = time.time()
    ranked = sorted(rows, key=lambda row: (row.score / (1 + (moment - row.created / SECOND) / _FADES_S), -row.created))
    hits = []
    for row in ranked[:limit]:
        text, ranges = snippet(row.content, words)
        created = row.created // SECOND
        hits.append(Found(chat=row.chat, message=row.id, title=row.title, snippet=text, ranges=ranges, created=created))
    return hits


def _best(database: str, owner: Owner, words: list[str]) -> sa.Subquery:
    """Numbers and scores (less is better) of the entries that fit best: only these are then looked up."""
    if database == "sqlite":
        return (
            sa.text(
                "SELECT rowid AS number, bm25(chat_search, 0.0, 1.0) AS score FROM chat_search "
                "WHERE chat_search MATCH :wanted ORDER BY score, rowid DESC LIMIT :most"
            )
            .bindparams(wanted=_question_sqlite(owner, words), most=_CANDIDATES)
            .columns(number=sa.Integer, score=sa.Float)
            .subquery("best")
        )
    # By length too (1), as bm25 does.
    return (
        sa.text(
            "SELECT number, -ts_rank(words, to_tsquery('simple', :wanted), 1) AS score FROM chat_search "
            "WHERE words @@ to_tsquery('simple', :mine || ' & ' || :wanted) "
            "ORDER BY score, number DESC LIMIT :most"
        )
        .bindparams(wanted=_question_postgresql(words), mine=_token(owner), most=_CANDIDATES)
        .columns(number=sa.BigInteger, score=sa.Float)
        .subquery("best")
    )


def _question_sqlite(owner: Owner, words: list[str]) -> str:
    """FTS5's own syntax; its strings stand in quotes, and words hold letters and digits only."""
    *whole, last = words
    begun = "*" if len(last) > 1 else ""  # one letter begins half of all words
    wanted = " AND ".join([*(f'"{word}"' for word in whole), f'"{last}"{begun}'])
    return f'owner : "{_token(owner)}" AND words : ({wanted})'


def _question_postgresql(words: list[str]) -> str:
    *whole, last = words
    return " & ".join([*whole, f"{last}:*" if len(last) > 1 else last])


def _token(owner: Owner) -> str:
    """One word that stands for an owner, and that nobody writes by chance."""
    return "o" + hashlib.sha256(f"{owner.project}\n{owner.id}".encode()).hexdigest()[:24]


def forget_deleted(connection: sa.Connection) -> None:
    """Write SQLite's index anew: it holds the words of deleted messages until then (https://sqlite.org/fts5.html §6.9).

    PostgreSQL keeps the words in the rows themselves, and has nothing to forget.
    """
    if connection.dialect.name == "sqlite":
        connection.execute(sa.text("INSERT INTO chat_search (chat_search) VALUES ('optimize')"))
