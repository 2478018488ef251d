"""The first part of a job: its files are brought and looked at; then it waits for its turn."""

from pathlib import Path

from pleiade.files import records as file_records
from pleiade.files.errors import NotFoundError
from pleiade.finetuning import checking, records
from pleiade.finetuning.errors import TuningError
from pleiade.finetuning.house import House
from pleiade.finetuning.nouns import Stored
from pleiade.registry import RegistryError, get_model

TRAINING, VALIDATION = "training.jsonl", "validation.jsonl"
MOST_LINES_TOLD = 5


def validate(house: House, stored: Stored) -> None:
    """Bring the job's files and check every line. Raises TuningError that says what to mend, OSError."""
    job, plan = stored.job, stored.plan
    house.write(records.tell, job.id, f"Validating training file: {job.training_file}", once=True)
    if job.validation_file:
        house.write(records.tell, job.id, f"Validating validation file: {job.validation_file}", once=True)
    try:
        base = get_model(house.db, plan.base)
    except RegistryError as error:
        raise TuningError(
            f"the base model {plan.base} is no longer there: choose another one", code="model_not_found", param="model"
        ) from error
    folder = house.folder(job.id)
    count = checking.count_with(Path(base.path))
    paths = {"training_file": folder / TRAINING, "validation_file": folder / VALIDATION}
    for param, path in paths.items():
        if identifier := getattr(job, param):
            _bring(house, stored, identifier, path, param)
            if plan.method == "supervised":
                checking.as_chat(path)
    training = paths["training_file"]
    found = checking.check(training, plan.method, "training_file", count, base.context_length)
    house.write(
        records.tell, job.id, f"Training file: {found.examples:,} examples, {found.tokens:,} tokens of text", once=True
    )
    if job.validation_file:
        path = paths["validation_file"]
        context = base.context_length
        measured = checking.check(path, plan.method, "validation_file", count, context, known=found.keys)
        if measured.overlap:
            _leave_out(house, stored, path, measured.overlap, measured.examples)


def _bring(house: House, stored: Stored, identifier: str, path: Path, param: str) -> None:
    try:
        kept = house.read(file_records.find, stored.project, identifier)
    except NotFoundError as error:
        raise TuningError(
            f"the {param.replace('_', ' ')} {identifier} is no longer there: upload it again",
            code="file_not_found",
            param=param,
        ) from error
    with house.contents.open(kept) as stream:
        checking.bring(stream, path)


def _leave_out(house: House, stored: Stored, path: Path, lines: tuple[int, ...], examples: int) -> None:
    """Examples to measure on must not be learned: those that are in both files are measured no more, and it is said."""
    left = checking.without(path, lines, path.with_suffix(".left"))
    path.with_suffix(".left").replace(path)
    shown = ", ".join(str(line) for line in lines[:MOST_LINES_TOLD])
    more = f" and {len(lines) - MOST_LINES_TOLD} more" if len(lines) > MOST_LINES_TOLD else ""
    if len(lines) == examples or not left:
        said = "The validation file holds nothing but examples of the training file, so it would measure memory"
    else:
        said = f"{len(lines)} examples of the validation file are in the training file too (lines {shown}{more})"
    instead = f"{left} are left" if left else "examples of the training file are kept aside instead"
    house.write(
        records.tell,
        stored.job.id,
        f"{said}: they are not measured; {instead}.",
        level="warn",
        once=True,
        data={"lines": list(lines[:1000])},
    )
    if not left:
        path.unlink()
