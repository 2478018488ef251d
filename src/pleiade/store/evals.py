"""Tables of evaluations: what is graded, each run of it, and what became of each row.

`created` orders listings: Unix microseconds. Bodies are the objects that clients see.
"""

import sqlalchemy as sa

from pleiade.store.tables import metadata

evals = sa.Table(
    "evals",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # the Eval object, JSON
    sa.Index("ix_evals_project_created", "project", "created"),
)

eval_runs = sa.Table(
    "eval_runs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("eval", sa.ForeignKey("evals.id", ondelete="CASCADE"), nullable=False),
    sa.Column("job", sa.String(64), nullable=False),  # of the queue, which runs it
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # the EvalRun object, JSON
    sa.Index("ix_eval_runs_eval_created", "eval", "created"),
)

eval_items = sa.Table(
    "eval_items",
    metadata,
    sa.Column("run", sa.ForeignKey("eval_runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # of the row in the data, from 0
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("status", sa.String(8), nullable=False),  # pass, fail, error
    sa.Column("usage", sa.JSON, nullable=False),  # tokens by model
    sa.Column("body", sa.LargeBinary, nullable=False),  # zlib of the EvalRunOutputItem object's JSON
)
