"""An eval with a run and an item, for whoever tests whose things they are."""

import sqlalchemy as sa

from pleiade.evals import records
from pleiade.evals.nouns import Eval, EvalItem, EvalRun


def an_eval(connection: sa.Connection, project: str) -> dict[str, str]:
    """Ids of what was made, by the names that routes have for them."""
    made = Eval(
        id=records.new_id("eval_"),
        created_at=1,
        name="secret-eval",
        data_source_config={"type": "custom", "schema": {}},
        testing_criteria=[],
    )
    run = EvalRun(
        id=records.new_id("evalrun_"), eval_id=made.id, created_at=1, name="secret-run", model="", data_source={}
    )
    item = EvalItem(
        id=records.new_id("outputitem_"),
        eval_id=made.id,
        run_id=run.id,
        created_at=1,
        status="pass",
        datasource_item_id=0,
        datasource_item={"ask": "secret-row"},
        results=[],
        sample={},
    )
    records.insert(connection, project, made)
    records.insert_run(connection, run, "job_none")
    records.insert_item(connection, item, {})
    return {"eval_id": made.id, "eval_run_id": run.id, "output_item_id": item.id}
