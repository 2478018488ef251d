"""Tables of work that is done later: the queue of all kinds of jobs, batches, and the lines that these have answered.

Times are Unix seconds, but for `created`, which orders listings, and `lease`: microseconds.
"""

import sqlalchemy as sa

from pleiade.store.tables import metadata

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),  # what runs it
    sa.Column("organisation", sa.String(64), nullable=False),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # queued, running, done, failed, cancelled
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),  # how often somebody took it
    sa.Column("stop", sa.Boolean, nullable=False),  # somebody asked it to stop
    sa.Column("runner", sa.String(128), nullable=False),  # who has it; "" = nobody
    sa.Column("lease", sa.BigInteger, nullable=False),  # until when they have it: others may take it afterwards
    sa.Column("not_before", sa.BigInteger, nullable=False),  # microseconds; 0 = at once
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("ended", sa.BigInteger, nullable=False),  # 0 = not yet
    sa.Column("error", sa.Text, nullable=False),  # why it failed or broke off, for people; "" = it did not
    sa.Index("ix_jobs_state_kind", "state", "kind"),
    sa.Index("ix_jobs_project_created", "project", "created"),
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # the Batch object, JSON
    sa.Column("keep", sa.BigInteger, nullable=False),  # seconds that its output shall stay
    sa.Index("ix_batches_project_created", "project", "created"),
)

# A line is paid for with the row that holds its answer: there is one, whoever asks how often.
batch_lines = sa.Table(
    "batch_lines",
    metadata,
    sa.Column("batch", sa.ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # of the line in the input file
    sa.Column("part", sa.String(64), primary_key=True),  # of a line that takes several calls; "" = its answer
    sa.Column("status", sa.Integer, nullable=False),  # of the HTTP answer
    sa.Column(
        "custom_id", sa.Text, nullable=False
    ),  # the line's, so that results outlive a deleted input; "" = a call's
    sa.Column("request", sa.String(64), nullable=False),  # id of the request that answered
    sa.Column("body", sa.LargeBinary, nullable=False),  # zlib of the answer's JSON
)
