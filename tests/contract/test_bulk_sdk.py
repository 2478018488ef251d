"""Files, uploads and batches by the official package, on each surface, against the running server; 2.x and 3.x."""

import hashlib
import io
import json
import time

import openai
import pytest
from openai import AzureOpenAI, OpenAI

from serving import CHAT, Server

Client = OpenAI | AzureOpenAI


def lines(count: int, endpoint: str = "/v1/chat/completions") -> bytes:
    body = {"model": CHAT, "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 4}
    rows = ({"custom_id": f"c-{n}", "method": "POST", "url": endpoint, "body": body} for n in range(count))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_a_file_is_kept_listed_read_and_deleted(client: Client, server: Server) -> None:
    data = lines(2)
    made = client.files.create(
        file=("lines.jsonl", data), purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert (made.object, made.bytes, made.filename, made.purpose) == ("file", len(data), "lines.jsonl", "batch")
    assert made.expires_at == made.created_at + 3600
    assert client.files.retrieve(made.id).id == made.id
    assert made.id in [file.id for file in client.files.list(purpose="batch", limit=10)]
    assert client.files.content(made.id).read() == data
    assert client.files.wait_for_processing(made.id).status == "processed"
    assert client.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(made.id)


def test_a_line_that_is_no_json_is_named_by_its_number(client: Client) -> None:
    with pytest.raises(openai.BadRequestError, match="Line 2 is not valid JSON"):
        client.files.create(file=("lines.jsonl", b'{"a": 1}\n{"a": \n'), purpose="fine-tune")


def test_a_file_that_comes_in_parts_is_put_together(client: Client) -> None:
    data = lines(40)
    done = client.uploads.upload_file_chunked(
        file=io.BytesIO(data).getvalue(),
        filename="lines.jsonl",
        bytes=len(data),
        mime_type="text/jsonl",
        purpose="batch",
        part_size=1000,
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
    )
    assert (done.status, done.bytes) == ("completed", len(data))
    assert done.file is not None
    assert client.files.content(done.file.id).read() == data
    begun = client.uploads.create(bytes=10, filename="f", mime_type="text/plain", purpose="user_data")
    assert client.uploads.cancel(begun.id).status == "cancelled"


def test_a_batch_is_answered_in_order(client: Client) -> None:
    endpoint = "/chat/completions" if isinstance(client, AzureOpenAI) else "/v1/chat/completions"
    file = client.files.create(file=("lines.jsonl", lines(3, endpoint)), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id,
        endpoint=endpoint,  # type: ignore[arg-type]  # as Azure's documentation has it
        completion_window="24h",
        metadata={"of": "a test"},
    )
    assert (batch.object, batch.status, batch.metadata) == ("batch", "validating", {"of": "a test"})
    deadline = time.monotonic() + 60
    while (found := client.batches.retrieve(batch.id)).status not in ("completed", "failed"):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    assert found.status == "completed", found
    assert found.request_counts is not None
    assert found.request_counts.completed == 3
    assert found.usage is not None
    assert found.usage.output_tokens > 0
    assert found.output_file_id is not None
    answers = [json.loads(line) for line in client.files.content(found.output_file_id).text.splitlines()]
    assert [answer["custom_id"] for answer in answers] == ["c-0", "c-1", "c-2"]
    assert answers[0]["response"]["body"]["object"] == "chat.completion"
    assert batch.id in [one.id for one in client.batches.list(limit=5)]
    with pytest.raises(openai.BadRequestError, match="completed"):
        client.batches.cancel(batch.id)
