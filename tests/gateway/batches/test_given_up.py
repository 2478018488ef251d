"""A batch that breaks off again and again fails at last, says why, and has the answers that it got."""

import shutil
from typing import Any

import sqlalchemy as sa

from pleiade.jobs.breaking import MOST
from pleiade.store import unit_of_work
from pleiade.store.jobs import jobs


def request(number: int) -> dict[str, Any]:
    body = {"model": "chat", "messages": [{"role": "user", "content": f"question {number}"}]}
    return {"custom_id": f"line-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}


async def test_whoever_asked_for_it_is_told(bulk: Any) -> None:
    batch = await bulk.begin(request(1), request(2))
    shutil.rmtree(bulk.home / "files")  # somebody cleaned up
    with unit_of_work(bulk.db) as connection:  # it has broken off often before, in a former life of the runner
        connection.execute(sa.update(jobs).values(error=f"broke off {MOST - 1} times: OSError: x"))
    await bulk.work()
    ended = await bulk.ended(batch)
    assert ended["status"] == "failed"
    (error,) = ended["errors"]["data"]
    assert error["code"] == "server_error"
    assert f"broke off {MOST} times: GoneError" in error["message"]
    assert "ask for it once more" in error["message"]
