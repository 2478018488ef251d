"""Fine-tuning of a tenant, for the tests that must not show it to others."""

import sqlalchemy as sa
from customers import Customer

from pleiade.domain import Model, ModelFormat, ModelKind
from pleiade.finetuning import records, sharing
from pleiade.finetuning.nouns import Job, Plan, Stored
from pleiade.registry import add_model, deploy
from pleiade.store import unit_of_work
from pleiade.store.tenants import projects


def tuned(db: sa.Engine, customer: Customer) -> dict[str, str]:
    """A job that is over, its model, a project that it is shared with, and a fine-tune of 2023: their ids."""
    model = f"ft:secret-tuned:{customer.id}::1"
    weights = Model(id=model, kind=ModelKind.TEXT, format=ModelFormat.SAFETENSORS, path="/nowhere")
    add_model(db, weights)
    deploy(db, model, model=model, engine="text_openvino", project=customer.project)
    job, old = f"ftjob-{customer.id}", f"ft-{customer.id}"
    other = f"{customer.project}-two"
    with unit_of_work(db) as connection:
        row = {"id": other, "organisation": customer.id, "name": "two", "created": 1, "archived": 0}
        connection.execute(sa.insert(projects).values(row))
        for identifier in (job, old):
            shown = Job(
                id=identifier,
                created_at=1,
                model="secret-base",
                organization_id=customer.id,
                seed=1,
                status="succeeded",
                training_file="file-secret-examples",
                fine_tuned_model=model,
            )
            plan = Plan(
                base="b", start="b", engine="e", method="supervised", hyperparameters={}, legacy=identifier == old
            )
            stored = Stored(job=shown, plan=plan, organisation=customer.id, project=customer.project)
            records.insert(connection, stored)
            records.change(connection, identifier)
            records.tell(connection, identifier, "secret-event")
        (permission,) = sharing.share(connection, customer.id, customer.project, model, [other])
    return {
        "fine_tuning_job_id": job,
        "fine_tune_id": old,
        "fine_tuned_model_checkpoint": model,
        "permission_id": permission.id,
    }
