"""The catalogue's tables, in types common to SQLite and PostgreSQL; migrations lead to this schema."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    false,
)  # fmt: skip

MIGRATIONS = Path(__file__).parent / "migrations"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _dataset_or_null() -> Column[str]:
    # runs outlive their dataset
    return Column("dataset_id", String, ForeignKey("datasets.id", ondelete="SET NULL"), nullable=True)


def _removed() -> Column[float]:
    # removal time; lists skip the record from then on, and it is deleted a day later
    return Column("removed", Double, nullable=True)


def _owner() -> Column[str]:
    # the name of who made it; "" before there were names
    return Column("owner", String, nullable=False, server_default="")


datasets = Table(
    "datasets",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("created", Double, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("modalities", JSON, nullable=False),
    Column("note", String, nullable=False),
    _removed(),
    # what its columns mean, by column; null in datasets of earlier versions
    Column("roles", JSON(none_as_null=True), nullable=True),
)

imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("dataset_id", String, ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("source_name", String, nullable=False),
    Column("source_hash", String, nullable=False, index=True),
    Column("mapping", JSON, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("created", Double, nullable=False),
    Column("refusals_path", String, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    _dataset_or_null(),
    Column("created", Double, nullable=False),
    Column("queue_state", String, nullable=False, index=True),
    Column("claimed", Double, nullable=True),
    _removed(),
    # equal tokens are the same request; only the first creates a run
    Column("token", String, nullable=True, index=True, unique=True),
    _owner(),
)

# a copy of the run folders' content; see run_index.py
run_index = Table(
    "run_index",
    metadata,
    Column("run_id", String, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("state", String, nullable=False),
    Column("head", String, nullable=True),
    Column("part_of", String, nullable=False),
    Column("status", JSON, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("training_key", String, nullable=False),
)

heads = Table(
    "heads",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("run_id", String, ForeignKey("runs.id", ondelete="SET NULL"), nullable=True),
    Column("head", String, nullable=False),
    Column("created", Double, nullable=False),
    Column("origin", String, nullable=False),
    _dataset_or_null(),
    _removed(),
)

# ids of items chosen by hand; they belong to one dataset and go with it
collections = Table(
    "collections",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("dataset_id", String, ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("dataset_version", BigInteger, nullable=False),
    Column("created", Double, nullable=False),
    Column("changed", Double, nullable=False),
    Column("count", Integer, nullable=False),
    _removed(),
    _owner(),
)

collection_items = Table(
    "collection_items",
    metadata,
    Column("collection_id", String, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("item_id", String, primary_key=True),
)

# the last changes of each collection, so that the last one can be undone
collection_changes = Table(
    "collection_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column(
        "collection_id", String, ForeignKey("collections.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("made", Double, nullable=False),
    Column("added", JSON, nullable=False),
    Column("taken", JSON, nullable=False),
    Column("name_before", String, nullable=False),
    Column("name_after", String, nullable=False),
    Column("undone", Double, nullable=True),
)

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("dataset_id", String, ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("definition", JSON, nullable=False),
    Column("created", Double, nullable=False),
)

# what the URL of a page held, under a name; they outlive the runs and datasets that they name
saved_views = Table(
    "saved_views",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("page", String, nullable=False),
    Column("definition", JSON, nullable=False),
    Column("created", Double, nullable=False),
    _removed(),
)

# what happened to a hardware job, whose id is that of its run; never changed, and kept when the run is deleted, since a
# budget counts what was used
job_events = Table(
    "job_events",
    metadata,
    Column("job", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("time", Double, nullable=False),
    Column("kind", String, nullable=False, index=True),
    Column("payload", JSON, nullable=False),
)

# the most seconds of use in 28 days, by account
budgets = Table(
    "budgets",
    metadata,
    Column("account", String, primary_key=True),
    Column("seconds", Double, nullable=False),
    Column("changed", Double, nullable=False),
)

# a queue names its dataset without a link: its decisions outlive the dataset
triage_queues = Table(
    "triage_queues",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("dataset_id", String, nullable=False),
    Column("definition", JSON, nullable=False),
    Column("order", String, nullable=False),
    Column("policy", JSON, nullable=False),
    Column("owner", String, nullable=False),
    Column("created", Double, nullable=False),
    _removed(),
)

# the state of each case as its events say it, for quick questions; `triage_events` are the truth
triage_cases = Table(
    "triage_cases",
    metadata,
    Column("queue_id", String, ForeignKey("triage_queues.id", ondelete="CASCADE"), primary_key=True),
    Column("item_id", String, primary_key=True),
    Column("place", Double, nullable=False),  # in the order of the queue; the smallest comes first
    Column("draw", Double, nullable=False),  # in [0, 1), drawn at random once; see `triage_cases.py`
    Column("code", String, nullable=False),  # of the decision; "" while it is open
    Column("event_id", BigInteger, nullable=True),  # that decided it
    Column("lease", String, nullable=False),  # used (until `lease_until`), held, handed, or "" for none
    Column("lease_by", String, nullable=False),
    Column("lease_until", Double, nullable=True),
    Column("gone", Boolean, nullable=False, server_default=false()),  # the dataset has no such item any more
    Index("ix_triage_cases_place", "queue_id", "gone", "code", "place"),
    Index("ix_triage_cases_draw", "queue_id", "draw"),
    Index("ix_triage_cases_lease", "queue_id", "lease_by"),
)

triage_skips = Table(
    "triage_skips",
    metadata,
    Column("queue_id", String, ForeignKey("triage_queues.id", ondelete="CASCADE"), primary_key=True),
    Column("item_id", String, primary_key=True),
    Column("analyst", String, primary_key=True),
)

# what happened in a queue; never changed, and kept when the queue is removed
triage_events = Table(
    "triage_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("queue_id", String, nullable=False),
    Column("time", Double, nullable=False),
    Column("actor", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("item_id", String, nullable=False),  # "" for an event of several items, or of none
    Column("code", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("note", String, nullable=False),
    Column("undoes", Integer, nullable=True, index=True),
    Column("payload", JSON, nullable=False),
    Index("ix_triage_events_queue_id", "queue_id", "id"),
    Index("ix_triage_events_actor", "queue_id", "actor", "id"),
    Index("ix_triage_events_kind", "queue_id", "actor", "kind", "time"),  # to count what an analyst did
)

triage_event_items = Table(
    "triage_event_items",
    metadata,
    Column("event_id", Integer, ForeignKey("triage_events.id"), primary_key=True),
    Column("item_id", String, primary_key=True),
    Index("ix_triage_event_items_item_id", "item_id", "event_id"),
)

analysts = Table(
    "analysts",
    metadata,
    Column("name", String, primary_key=True),
    Column("permissions", JSON, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created", Double, nullable=False),
)

# a class that follows lessons; secrets are kept as hashes, and `revision` counts what its teacher changed
classes = Table(
    "classes",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("code", String, nullable=False, unique=True),
    Column("teacher", String, nullable=False),  # hash of the secret in the teacher's link
    Column("lesson", String, nullable=False),
    Column("step", String, nullable=False),
    Column("frozen", Boolean, nullable=False),
    Column("phases", JSON, nullable=False),  # of questions, by "lesson/step"
    Column("countdown", Integer, nullable=False, server_default="0"),  # seconds to answer; 0: no end
    Column("deadlines", JSON, nullable=False, server_default="{}"),  # of rounds that run, by "lesson/step"
    Column("revision", Integer, nullable=False),
    Column("address", String, nullable=False),
    Column("keep_days", Integer, nullable=False),
    Column("opened", Double, nullable=False),
    Column("closed", Double, nullable=True),
)

class_students = Table(
    "class_students",
    metadata,
    Column("id", String, primary_key=True),
    Column("class_id", String, ForeignKey("classes.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("nickname", String, nullable=False),
    Column("secret", String, nullable=False, unique=True),  # hash of the secret in the student's link
    Column("lesson", String, nullable=False),
    Column("step", String, nullable=False),
    Column("state", JSON, nullable=False),  # of the figure on that step
    Column("joined", Double, nullable=False),
    Column("seen", Double, nullable=False),
    Column("removed", Double, nullable=True),
)

# answers are only ever added; of a student's answers in one round the last one counts
class_answers = Table(
    "class_answers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("class_id", String, ForeignKey("classes.id", ondelete="CASCADE"), nullable=False),
    Column("student_id", String, ForeignKey("class_students.id", ondelete="CASCADE"), nullable=False),
    Column("lesson", String, nullable=False),
    Column("step", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("right", Boolean, nullable=False),
    Column("time", Double, nullable=False),
    Index("ix_class_answers_step", "class_id", "lesson", "step"),
)

# which trainings a student looks at; equal ones are one run, so that no link leads to its row
class_runs = Table(
    "class_runs",
    metadata,
    Column("class_id", String, ForeignKey("classes.id", ondelete="CASCADE"), primary_key=True),
    Column("student_id", String, ForeignKey("class_students.id", ondelete="CASCADE"), primary_key=True),
    Column("run_id", String, primary_key=True),
    Column("made", Boolean, nullable=False),
    Column("asked", Double, nullable=False),
    Index("ix_class_runs_run_id", "run_id"),
)


def known_revisions() -> list[str]:
    """The revisions of this version, oldest first: the first four digits of the file names."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))
