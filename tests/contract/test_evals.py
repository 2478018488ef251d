"""Evals by the official package against the running server: a deployment is asked, graded and summed up for real."""

import time
from typing import Any

import openai
import pytest
from openai import AzureOpenAI, OpenAI

from serving import CHAT, EMBED, Server

Client = OpenAI | AzureOpenAI

CUSTOM = {
    "type": "custom",
    "item_schema": {"type": "object", "properties": {"ask": {"type": "string"}}, "required": ["ask"]},
    "include_sample_schema": True,
}
SAYS = {
    "type": "string_check",
    "name": "names itself",
    "input": "{{sample.output_text}}",
    "reference": "Pleiade",
    "operation": "ilike",
}
LONG = {
    "type": "python",
    "name": "says something",
    "source": "def grade(sample, item):\n    return float(len(sample['output_text']) > 1)",
}
JUDGED = {
    "type": "label_model",
    "name": "judged",
    "model": CHAT,
    "input": [{"role": "user", "content": "Good or bad? {{sample.output_text}}"}],
    "labels": ["good", "bad"],
    "passing_labels": ["good", "bad"],
}
ALIKE = {
    "type": "text_similarity",
    "name": "alike",
    "input": "{{sample.output_text}}",
    "reference": "{{item.ask}}",
    "evaluation_metric": "cosine",
    "pass_threshold": -1,
}
TEMPLATE = {"type": "template", "template": [{"role": "user", "content": "{{item.ask}}"}]}


def finished(client: Client, of: str, run: str) -> Any:
    """The run once it is over."""
    until = time.monotonic() + 120  # a deadline for what would hang, not a claim
    while time.monotonic() < until:
        found = client.evals.runs.retrieve(run, eval_id=of)
        if found.status in ("completed", "failed", "canceled"):
            return found
        time.sleep(0.2)
    raise AssertionError(f"{run} is still {found.status}")


def test_a_deployment_is_asked_graded_and_summed_up(client: Client) -> None:
    made = client.evals.create(
        name="Names", data_source_config=CUSTOM, testing_criteria=[SAYS, LONG, JUDGED, ALIKE], metadata={"for": "tests"}
    )
    assert (made.object, made.name) == ("eval", "Names")
    rows = [{"item": {"ask": "Who are you?"}}, {"item": {"ask": "What is your name?"}}]
    run = client.evals.runs.create(
        made.id,
        name="first",
        data_source={
            "type": "completions",
            "model": CHAT,
            "source": {"type": "file_content", "content": rows},
            "input_messages": TEMPLATE,
            "sampling_params": {"temperature": 0, "max_completion_tokens": 24, "seed": 1},
        },
    )
    assert (run.object, run.eval_id, run.status) == ("eval.run", made.id, "queued")
    found = finished(client, made.id, run.id)
    assert found.status == "completed", found.error
    assert (found.result_counts.total, found.result_counts.errored) == (2, 0)
    assert {one.testing_criteria for one in found.per_testing_criteria_results} == {
        "names itself",
        "says something",
        "judged",
        "alike",
    }
    used = {one.run_model_name: one for one in found.per_model_usage}
    assert used["pleiade-pico"].invocation_count == 4  # two rows, asked and judged
    assert used[EMBED].prompt_tokens > 0

    items = client.evals.runs.output_items.list(run.id, eval_id=made.id).data
    assert [item.datasource_item_id for item in items] == [0, 1]
    assert items[0].sample.input[0].content == "Who are you?"
    assert items[0].sample.output[0].content
    assert items[0].sample.usage.completion_tokens > 0
    one = client.evals.runs.output_items.retrieve(items[0].id, eval_id=made.id, run_id=run.id)
    assert one.model_dump() == items[0].model_dump()

    assert [one.id for one in client.evals.runs.list(made.id, status="completed").data] == [run.id]
    assert client.evals.update(made.id, name="Renamed").name == "Renamed"
    assert made.id in [one.id for one in client.evals.list(order="desc", limit=5).data]
    with pytest.raises(openai.BadRequestError, match="nothing to cancel"):
        client.evals.runs.cancel(run.id, eval_id=made.id)
    assert client.evals.runs.delete(run.id, eval_id=made.id).deleted
    assert client.evals.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.evals.retrieve(made.id)


def test_a_file_and_stored_completions_are_rows_too(server: Server) -> None:
    client = OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0)
    lines = b'{"item": {"ask": "a"}, "sample": {"output_text": "I am Pleiade."}}\n{"item": {"ask": "b"}}\n'
    file = client.files.create(file=("rows.jsonl", lines), purpose="evals")
    made = client.evals.create(name="", data_source_config=CUSTOM, testing_criteria=[SAYS])
    source: Any = {"type": "jsonl", "source": {"type": "file_id", "id": file.id}}
    found = finished(client, made.id, client.evals.runs.create(made.id, data_source=source).id)
    assert (found.result_counts.passed, found.result_counts.failed) == (1, 1)

    asked: Any = [{"role": "user", "content": "Who are you?"}]
    client.chat.completions.create(model=CHAT, messages=asked, max_tokens=16, store=True, metadata={"case": "evals"})
    stored: Any = {"type": "stored_completions", "metadata": {"case": "evals"}}
    of = client.evals.create(name="", data_source_config=stored, testing_criteria=[LONG])
    source = {"type": "completions", "source": stored}
    found = finished(client, of.id, client.evals.runs.create(of.id, data_source=source).id)
    assert (found.status, found.result_counts.passed) == ("completed", 1)


def test_what_cannot_be_graded_is_told_at_once_or_in_a_sentence(server: Server) -> None:
    client = OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0)
    with pytest.raises(openai.BadRequestError) as refused:
        client.evals.create(name="", data_source_config=CUSTOM, testing_criteria=[{**SAYS, "operation": "is"}])
    assert "testing_criteria[0].operation must be one of eq" in str(refused.value)
    with pytest.raises(openai.NotFoundError, match="nobody"):
        client.evals.create(name="", data_source_config=CUSTOM, testing_criteria=[{**JUDGED, "model": "nobody"}])
    made = client.evals.create(name="", data_source_config=CUSTOM, testing_criteria=[SAYS])
    source: Any = {"type": "jsonl", "source": {"type": "file_content", "content": [{"item": {"ask": 3}}]}}
    found = finished(client, made.id, client.evals.runs.create(made.id, data_source=source).id)
    assert found.status == "failed"
    assert "Row 1 does not keep to the eval's item_schema at item.ask" in found.error.message
    with pytest.raises(openai.NotFoundError):
        client.evals.runs.create("eval_nothing", data_source=source)
