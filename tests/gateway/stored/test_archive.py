"""The archive: what it says is written is written, and one bad change hurts no other."""

import asyncio
from functools import partial

import pytest
import sqlalchemy as sa

from pleiade.gateway.errors import ApiError
from pleiade.gateway.stored import completion_records, response_records
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.completion_records import Filter
from pleiade.gateway.stored.paging import Page, parse_page
from pleiade.store import reading, unit_of_work
from pleiade.store.objects import (
    chat_completion_metadata,
    chat_completions,
    response_events,
    response_items,
)


def completion(number: int, **metadata: str) -> dict[str, object]:
    return {"id": f"chatcmpl-{number}", "model": "m" if number % 2 else "n", "metadata": metadata}


def response(identifier: str, previous: str | None = None) -> dict[str, object]:
    output = [{"id": f"msg_out_{identifier}"}]
    return {
        "id": identifier,
        "created_at": 1,
        "status": "completed",
        "previous_response_id": previous,
        "output": output,
    }


async def test_concurrent_writes_are_all_there_when_they_return(database_url: str) -> None:
    archive = Archive(database_url)

    async def keep(number: int) -> None:
        await archive.write(
            partial(
                completion_records.insert,
                project="p",
                completion=completion(number),
                messages=[{"n": number}],
            )
        )
        found = await archive.read(
            partial(completion_records.find_messages, project="p", identifier=f"chatcmpl-{number}")
        )
        assert found == [{"n": number}]

    await asyncio.gather(*(keep(number) for number in range(80)))
    archive.close()


async def test_a_change_that_fails_hurts_no_other(database_url: str) -> None:
    class WrongChangeError(Exception):
        pass

    def wrong(_: sa.Connection) -> None:
        raise WrongChangeError

    archive = Archive(database_url)
    good = [
        partial(completion_records.insert, project="p", completion=completion(number), messages=[])
        for number in range(3)
    ]
    done = await asyncio.gather(
        archive.write(good[0]),
        archive.write(wrong),
        archive.write(good[1]),
        archive.write(lambda connection: connection.execute(sa.text("SELECT nonsense"))),
        archive.write(good[2]),
        return_exceptions=True,
    )
    assert done[0] is done[2] is done[4] is None
    assert isinstance(done[1], WrongChangeError)
    assert isinstance(done[3], ApiError)
    page = await archive.read(partial(completion_records.list_page, project="p", wanted=Filter(), page=Page()))
    assert [item["id"] for item in page["data"]] == ["chatcmpl-0", "chatcmpl-1", "chatcmpl-2"]
    archive.close()


async def test_closing_finishes_what_is_queued(database_url: str) -> None:
    archive = Archive(database_url)
    promises = [
        archive.submit(partial(completion_records.insert, project="p", completion=completion(number), messages=[]))
        for number in range(100)
    ]
    await asyncio.to_thread(archive.close)
    assert all(promise.done() and promise.exception() is None for promise in promises)


def test_a_listing_filters_by_model_and_metadata_and_pages_both_ways(db: sa.Engine) -> None:
    with unit_of_work(db) as connection:
        for number in range(7):
            made = completion(number, even=str(number % 2 == 0), three=str(number % 3))
            completion_records.insert(connection, "p", made, [])
        completion_records.insert(connection, "q", completion(99), [])
    with reading(db) as connection:

        def pages(wanted: Filter, *, descending: bool) -> list[str]:
            found, after = [], ""
            while True:
                page = completion_records.list_page(
                    connection, "p", wanted, Page(limit=2, after=after, descending=descending)
                )
                found += [item["id"] for item in page["data"]]
                if not page["has_more"]:
                    return found
                after = page["last_id"]

        everything = [f"chatcmpl-{number}" for number in range(7)]
        assert pages(Filter(), descending=False) == everything
        assert pages(Filter(), descending=True) == everything[::-1]
        assert pages(Filter(model="m"), descending=False) == everything[1::2]
        both = Filter(metadata={"even": "True", "three": "0"})
        assert pages(both, descending=False) == ["chatcmpl-0", "chatcmpl-6"]
        assert pages(Filter(metadata={"even": "maybe"}), descending=False) == []
        with pytest.raises(ApiError):
            completion_records.list_page(connection, "p", Filter(), Page(after="chatcmpl-99"))


def test_a_completion_of_the_same_id_replaces_the_first_in_its_project_only(db: sa.Engine) -> None:
    with unit_of_work(db) as connection:
        completion_records.insert(connection, "p", completion(1, a="old"), [{"n": 1}])
        completion_records.insert(connection, "q", completion(1, a="other"), [])
        completion_records.insert(connection, "p", completion(1, a="new"), [{"n": 2}])
        assert completion_records.find(connection, "p", "chatcmpl-1") == completion(1, a="new")
        assert completion_records.find_messages(connection, "p", "chatcmpl-1") == [{"n": 2}]
        assert completion_records.find(connection, "q", "chatcmpl-1") == completion(1, a="other")


def test_nothing_is_left_of_what_was_deleted(db: sa.Engine) -> None:
    with unit_of_work(db) as connection:
        completion_records.insert(connection, "p", completion(1, a="b"), [])
        response_records.insert(connection, "p", response("resp_1"), [{"id": "msg_1"}], [b"event: a\n\n"])
        assert not completion_records.delete(connection, "q", "chatcmpl-1")
        assert not response_records.delete(connection, "q", "resp_1")
        assert completion_records.delete(connection, "p", "chatcmpl-1")
        assert response_records.delete(connection, "p", "resp_1")
        for table in (chat_completions, chat_completion_metadata, response_items, response_events):
            assert connection.execute(sa.select(table)).all() == []


def test_a_chain_ends_where_a_project_or_a_link_does(db: sa.Engine) -> None:
    with unit_of_work(db) as connection:
        for number in range(5):
            previous = f"resp_{number - 1}" if number else None
            response_records.insert(connection, "p", response(f"resp_{number}", previous), [], [])
        chain = response_records.chain(connection, "p", "resp_3")
        assert chain is not None
        assert [record.response["id"] for record in chain] == [f"resp_{number}" for number in range(4)]
        assert response_records.chain(connection, "q", "resp_3") is None
        response_records.delete(connection, "p", "resp_1")
        assert response_records.chain(connection, "p", "resp_3") is None
        assert response_records.chain(connection, "p", "resp_0") is not None


def test_events_are_given_from_the_middle_of_what_was_written(db: sa.Engine) -> None:
    frames = [f"event: {number}\ndata: {{}}\n\n".encode() for number in range(10)]
    with unit_of_work(db) as connection:
        response_records.insert(connection, "p", response("resp_1"), [], frames[:4])
        response_records.append_events(connection, "resp_1", 4, frames[4:])
        for after in (-1, 0, 3, 4, 8, 9, 20):
            assert response_records.events_after(connection, "resp_1", after) == frames[after + 1 :]


def test_items_are_found_in_input_and_output_of_the_own_project(db: sa.Engine) -> None:
    with unit_of_work(db) as connection:
        response_records.insert(connection, "p", response("resp_1"), [{"id": "msg_in"}, {"id": "x" * 500}], [])
        wanted = ["msg_in", "msg_out_resp_1", "nobody", "nul\0"]
        assert set(response_records.find_items(connection, "p", wanted)) == {"msg_in", "msg_out_resp_1"}
        assert response_records.find_items(connection, "q", wanted) == {}


def test_the_default_order_is_the_lists_own() -> None:
    assert parse_page(b"", descending=True) == Page(descending=True)
    assert parse_page(b"order=asc&limit=0&after=a", descending=True) == Page(limit=0, after="a")
