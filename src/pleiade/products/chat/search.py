"""Finding chats by their words: SQLite's FTS5 or PostgreSQL's tsvector, the same answers by either.

What is indexed is folded already (words.py), so neither database's own idea of a word matters. The owner is a word
of each entry too: a search touches nobody else's entries, however many there are.
"""

import hashlib
import time

import sqlalchemy as sa

from pleiade.products.chat.nouns import Found, Owner
from pleiade.products.chat.rows import SECOND, of
from pleiade.products.chat.words import snippet, words_of
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


def index(connection: sa.Connection, owner: Owner, number: int, content: str) -> None:
    """Let the message of that number be found by the words of `content`."""
    values = {"number": number, "owner": _token(owner), "words": " ".join(words_of(content))}
    if connection.dialect.name == "sqlite":
        connection.execute(_FORGET_SQLITE, values)
        connection.execute(_INDEX_SQLITE, values)
    else:
        connection.execute(_INDEX_POSTGRESQL, values)


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
    fields = (chat_messages.c.id, chat_messages.c.chat, chat_messages.c.content, chat_messages.c.created)
    joined = chat_messages.join(chats, chats.c.id == chat_messages.c.chat)
    if connection.dialect.name == "sqlite":
        table = sa.table("chat_search", sa.column("rowid"))
        score: sa.ColumnElement[float] = sa.literal_column("bm25(chat_search, 0.0, 1.0)")  # less is better
        match = sa.text("chat_search MATCH :wanted").bindparams(wanted=_question_sqlite(owner, words))
        condition: sa.ColumnElement[bool] | sa.TextClause = match
        joined = joined.join(table, table.c.rowid == chat_messages.c.number)
    else:
        table = sa.table("chat_search", sa.column("number"), sa.column("words"))
        wanted = sa.func.to_tsquery("simple", _question_postgresql(words))
        mine = sa.func.to_tsquery("simple", _token(owner))
        # By length too (1), as bm25 does.
        score = sa.func.ts_rank(table.c.words, wanted, 1) * -1
        condition = sa.and_(table.c.words.op("@@")(wanted), table.c.words.op("@@")(mine))
        joined = joined.join(table, table.c.number == chat_messages.c.number)
    rows = connection.execute(
        sa.select(*fields, chats.c.title, score.label("score"))
        .select_from(joined)
        .where(condition, of(owner, chats), sa.not_(chats.c.temporary))
        .order_by(sa.text("score"), chat_messages.c.number.desc())
        .limit(_CANDIDATES)
    ).all()
    moment = time.time()
    best = sorted(rows, key=lambda row: row.score / (1 + (moment - row.created / SECOND) / _FADES_S))
    hits = []
    for row in best[:limit]:
        text, ranges = snippet(row.content, words)
        created = row.created // SECOND
        hits.append(Found(chat=row.chat, message=row.id, title=row.title, snippet=text, ranges=ranges, created=created))
    return hits


def _question_sqlite(owner: Owner, words: list[str]) -> str:
    """FTS5's own syntax; its strings stand in quotes, and words hold letters and digits only."""
    *whole, last = words
    wanted = " AND ".join([*(f'"{word}"' for word in whole), f'"{last}"*'])
    return f'owner : "{_token(owner)}" AND words : ({wanted})'


def _question_postgresql(words: list[str]) -> str:
    *whole, last = words
    return " & ".join([*whole, f"{last}:*"])


def _token(owner: Owner) -> str:
    """One word that stands for an owner, and that nobody writes by chance."""
    return "o" + hashlib.sha256(f"{owner.project}\n{owner.id}".encode()).hexdigest()[:24]
