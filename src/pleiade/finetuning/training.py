"""The second part of a job: the lab is run on it and followed, until it is done or somebody stops it."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from pleiade.finetuning import records, serving
from pleiade.finetuning.errors import TuningError
from pleiade.finetuning.following import Run, valid_of
from pleiade.finetuning.house import House
from pleiade.finetuning.lab import lab_python
from pleiade.finetuning.nouns import LAB_METHODS, Checkpoint, Stored
from pleiade.finetuning.process import DONE, INTERRUPTED, REFUSED, Trainer, threads_here, wait_until_free
from pleiade.finetuning.validating import TRAINING, VALIDATION
from pleiade.registry import RegistryError, get_model

End = Literal["done", "pause", "cancel", "leave"]

LOOK_S = 0.3
CHECKPOINT_S = 60.0
MOST_LIVES = 3  # of a trainer that dies without getting any further
MOST_EVENTS = 2000  # of steps; longer jobs tell every so manyth
KEPT_EPOCHS = 2  # checkpoints beside the result
ANSWERS = 8  # of `reinforcement` to each prompt, where compute_multiplier is 1


class Training:
    """One job on its way. `leave` says that this process shall end: the job then goes on later."""

    def __init__(self, house: House, stored: Stored, leave: Callable[[], bool]) -> None:
        self._house = house
        self._stored = stored
        self._id = stored.job.id
        self._leave = leave
        self._run = house.folder(self._id) / "run"
        self._following = Run(self._run)
        self._told = 0  # the last step that was told
        self._last = 0  # step
        self._paces: list[tuple[int, float]] = []  # steps and seconds, lately
        self.trained = stored.trained

    def train(self) -> End:
        """Run the lab until an end. Raises TuningError in a sentence to act on, RefusedError without a lab, OSError."""
        python = lab_python(self._house.lab_python)
        config = self._config()
        lives, furthest = 0, -1
        while self._following.report is None:
            if (wish := self._wish()) is not None:
                return wish
            wait_until_free(self._run)
            trainer = Trainer(python, config, self._run, threads=threads_here())
            status, wish = self._follow(trainer)
            if wish is not None:
                return wish
            if status == DONE:
                break
            if status == REFUSED or status > INTERRUPTED or status == 1:
                raise TuningError(self._reason(trainer))
            lives = lives + 1 if self._told <= furthest else 1
            furthest = max(furthest, self._told)
            if status != INTERRUPTED and lives >= MOST_LIVES:
                raise TuningError(
                    f"the training was killed {lives} times after step {self._told}, perhaps for want of memory: give "
                    "a smaller batch_size, shorter examples or a smaller model"
                )
        report = self._following.report
        if report is None:
            raise TuningError(
                "the training ended without a report: try again, and tell the operator if it happens again"
            )
        self.trained = int(report["trained_tokens"])
        return "done"

    def _follow(self, trainer: Trainer) -> tuple[int, End | None]:
        while True:
            status = trainer.ended(LOOK_S)
            self._look()
            if status is not None:
                return status, None
            if (wish := self._wish()) is not None:
                status = trainer.stop()
                self._look()
                return status, None if status == DONE else wish

    def _wish(self) -> End | None:
        if self._leave():
            return "leave"
        stored = self._house.read(records.load, self._id)
        if stored is None:
            return "cancel"
        wish: End | None = "pause" if stored.wish == "pause" else "cancel" if stored.wish == "cancel" else None
        return wish

    def _look(self) -> None:
        seen = self._following.look()
        for event in seen.events:
            self._note(event)
        for row in seen.steps:
            self.trained = max(self.trained, int(row.get("tokens", 0)))
            self._paces = [*self._paces[-50:], (row["step"], float(row.get("seconds", 0.0)))]
        new = [row for row in seen.steps if row["step"] > self._told]
        if not new:
            return
        self._told = max(row["step"] for row in new)
        every = max(1, self._last // MOST_EVENTS)
        tell = [row for row in new if row["step"] % every == 0 or row["step"] in (1, self._last)]
        self._house.write(self._tell_steps, tell)

    def _tell_steps(self, connection: Any, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            said = f"Step {row['step']}/{self._last}: training loss={row.get('train_loss', float('nan')):.2f}"
            if "train_reward" in row:
                said += f", reward={row['train_reward']:.3f}"
            data = {**row, "total_steps": self._last}
            records.tell(connection, self._id, said, data=data, step=row["step"])
        records.note(connection, self._id, trained=self.trained)
        finish = int(time.time() + self._pace() * max(0, self._last - self._told))
        records.change(connection, self._id, estimated_finish=finish)

    def _pace(self) -> float:
        (first, began), (last, now) = self._paces[0], self._paces[-1]
        return (now - began) / (last - first) if last > first else 0.0

    def _note(self, event: dict[str, Any]) -> None:
        """What an event of the lab means to whoever watches the job."""
        match event.get("event"):
            case "started" | "resumed":
                self._last = int(event["last"])
                decided = self._following.decided
                shown = {
                    "n_epochs": decided["epochs"],
                    "batch_size": decided["batch_size"],
                    "learning_rate_multiplier": self._stored.job.hyperparameters.get(
                        "learning_rate_multiplier", "auto"
                    ),
                }
                if shown["learning_rate_multiplier"] == "auto":
                    shown["learning_rate_multiplier"] = 1.0
                self._house.write(self._begun, shown)
            case "message" if event.get("level") == "warn":
                self._tell(str(event["message"]), level="warn", once=True)
            case "validation":
                data = {"step": event["step"], "total_steps": self._last, **valid_of(event)}
                loss = data.get("valid_loss")
                said = (
                    f"Step {event['step']}/{self._last}: validation loss={loss:.2f}"
                    if loss is not None
                    else "Validation"
                )
                self._tell(said, data=data, metrics=True, once=True)
            case "checkpoint":
                self._keep(int(event["step"]))

    def _begun(self, connection: Any, shown: dict[str, Any]) -> None:
        job = records.load(connection, self._id)
        if job is None:
            return
        method = {**job.job.method}
        name = str(method.get("type"))
        inner = dict(method.get(name) or {})
        inner["hyperparameters"] = {**inner.get("hyperparameters", {}), **shown}
        records.change(connection, self._id, hyperparameters=shown, method={**method, name: inner})

    def _keep(self, step: int) -> None:
        """Keep the adapter of an epoch's end, to be put to use with the result."""
        decided = self._following.decided
        per_epoch = int(decided.get("steps", 0)) // max(1, int(decided.get("epochs", 1)))
        source = self._run / "checkpoints" / f"checkpoint-{step}"
        if (
            not per_epoch
            or step % per_epoch
            or step >= self._last
            or not (source / "adapter_model.safetensors").is_file()
        ):
            return
        folder = self._house.models / self._id / f"step-{step}"
        if not folder.is_dir():
            trial = folder.with_suffix(".tmp")
            shutil.rmtree(trial, ignore_errors=True)
            trial.mkdir(parents=True)
            for name in ("adapter_config.json", "adapter_model.safetensors"):
                shutil.copyfile(source / name, trial / name)
            trial.rename(folder)
        for old in kept_steps(self._house, self._id)[:-KEPT_EPOCHS]:
            shutil.rmtree(self._house.models / self._id / f"step-{old}", ignore_errors=True)
        self._tell(f"Checkpoint created at step {step}", data={"step": step}, once=True)

    def _tell(self, message: str, **more: Any) -> None:
        self._house.write(records.tell, self._id, message, **more)

    def _reason(self, trainer: Trainer) -> str:
        """Why the lab gave up, in its own sentence, without the places of this machine."""
        self._look()
        failed = [event for event in Run(self._run).look().events if event.get("event") == "failed"]
        said = str(failed[-1]["reason"]) if failed else (trainer.last_words().splitlines() or ["it said nothing"])[-1]
        folder = self._house.folder(self._id)
        for place, word in (
            (str(folder / TRAINING), "the training file"),
            (str(folder / VALIDATION), "the validation file"),
            (str(self._run), "the job"),
            (self._base_folder(), self._stored.job.model),
        ):
            said = said.replace(place, word) if place else said
        return said

    def _base_folder(self) -> str:
        try:
            return get_model(self._house.db, self._stored.plan.base).path
        except RegistryError:
            return ""

    def _config(self) -> dict[str, Any]:
        """The lab's configuration. Raises TuningError where the base is gone, or whole and too large."""
        plan, folder = self._stored.plan, self._house.folder(self._id)
        try:
            base, start = get_model(self._house.db, plan.base), get_model(self._house.db, plan.start)
        except RegistryError as error:
            raise TuningError(
                f"the base model {plan.start} was removed while the job waited: choose another one",
                code="model_not_found",
                param="model",
            ) from error
        asked = plan.hyperparameters
        config: dict[str, Any] = {
            "method": LAB_METHODS[plan.method],
            "model": start.path,
            "examples": str(folder / TRAINING),
            "base": base.path if start.id != base.id else "",
            "seed": self._stored.job.seed,
            "max_length": base.context_length or 4096,
            "checkpoint_seconds": CHECKPOINT_S,
            "checkpoint_epochs": True,
            **{
                name: asked[name]
                for name in ("n_epochs", "batch_size", "learning_rate_multiplier", "beta", "sft_weight")
                if name in asked
            },
        }
        if (folder / VALIDATION).is_file():
            config["validation"] = str(folder / VALIDATION)
        if plan.full:
            config["adapter"] = None
        if plan.grader is not None:
            grader = folder / "grader.json"
            grader.write_bytes(msgspec.json.encode(plan.grader))
            multiplier = asked.get("compute_multiplier", "auto")
            answers = ANSWERS if multiplier == "auto" else max(2, round(ANSWERS * float(multiplier)))
            room = max(1, (base.context_length or 512) // 2)
            config |= {"grader": str(grader), "num_generations": answers, "max_answer_tokens": min(256, room)}
        return config


def kept_steps(house: House, job: str) -> list[int]:
    """Steps whose models were kept, in their order."""
    return sorted(int(path.name[5:]) for path in (house.models / job).glob("step-*") if path.name[5:].isdecimal())


def take_results(house: House, stored: Stored) -> tuple[Path, list[Checkpoint]]:
    """Move what came out to where models stay; its folder, and the checkpoints before it."""
    name = str(
        stored.job.fine_tuned_model
        or serving.name_of(stored.plan.base, stored.organisation, stored.job.suffix or "", stored.job.id)
    )
    final = house.models / stored.job.id / "final"
    made = house.folder(stored.job.id) / "run" / "export"
    if not final.is_dir():
        final.parent.mkdir(parents=True, exist_ok=True)
        trial = final.with_suffix(".tmp")
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(made, trial)
        trial.rename(final)
    rows = {row["step"]: row for row in house.read(records.metrics, stored.job.id)}
    checkpoints = []
    for step in kept_steps(house, stored.job.id):
        row = rows.get(step, {})
        told = {key: row[key] for key in row if key == "step" or key.startswith(("train_", "valid_"))}
        checkpoints.append(
            Checkpoint(
                id=f"ftckpt-{stored.job.id.partition('-')[2]}-{step}",
                created_at=int(row.get("time", time.time())),
                fine_tuned_model_checkpoint=f"{name}:ckpt-step-{step}",
                fine_tuning_job_id=stored.job.id,
                metrics={"step": step, **told},
                step_number=step,
            )
        )
    return final, checkpoints
