"""Tables of fine-tuning: jobs, what happened in them, the models on their way.

Times are Unix seconds, but for `created` of a job, which orders listings: microseconds.
"""

import sqlalchemy as sa

from pleiade.store.tables import metadata

fine_tuning_jobs = sa.Table(
    "fine_tuning_jobs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("organisation", sa.String(64), nullable=False),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),  # when its status last changed
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("wish", sa.String(8), nullable=False),  # what somebody asked of it: pause, cancel; "" = nothing
    sa.Column("place", sa.String(128), nullable=False),  # the machine and home that train it; "" = none yet
    sa.Column("trained", sa.BigInteger, nullable=False),  # tokens, by now
    sa.Column("model", sa.String(256), nullable=False, index=True),  # id of what came out; "" = nothing yet
    sa.Column("body", sa.Text, nullable=False),  # the job as clients see it, JSON
    sa.Column("plan", sa.Text, nullable=False),  # what it is made from and who asked for it, JSON
    sa.Index("ix_fine_tuning_jobs_project_created", "project", "created"),
    sa.Index("ix_fine_tuning_jobs_status", "status"),
)

fine_tuning_events = sa.Table(
    "fine_tuning_events",
    metadata,
    sa.Column("job", sa.ForeignKey("fine_tuning_jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # 1, 2, …
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("level", sa.String(8), nullable=False),
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),  # of metrics: each is told once; 0 = it is no metric
)

fine_tuning_checkpoints = sa.Table(
    "fine_tuning_checkpoints",
    metadata,
    sa.Column("job", sa.ForeignKey("fine_tuning_jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("model", sa.String(256), nullable=False, index=True),
    sa.Column("metrics", sa.JSON, nullable=False),
)
