"""A run's configuration can be changed by key=value, and a wrong key or value is refused by name."""

import dataclasses
from pathlib import Path

import pytest

from pleiade.lab.begun import begin
from pleiade.lab.planning.advice import BELOW
from pleiade.lab.presets import is_how_only, override, presets, read_preset, refuse_another_preset, write_preset


def test_overrides_reach_every_level_and_leave_the_preset_alone() -> None:
    changed = override(presets()["pico"], ["model.num_layers=8", "optim.muon_lr=1", "rows=16", "loop.compile=false"])
    assert (changed.model.num_layers, changed.optim.muon_lr, changed.rows, changed.loop.compile) == (8, 1.0, 16, False)
    assert presets()["pico"].model.num_layers != 8


def test_steps_and_minutes_replace_each_other() -> None:
    changed = override(presets()["pico"], ["loop.steps=30"])
    assert (changed.loop.steps, changed.loop.minutes) == (30, None)
    assert override(changed, ["loop.minutes=2.5"]).loop.minutes == 2.5
    assert override(changed, ["code.loop.minutes=2"]).code.loop.steps is None


def test_a_recorded_configuration_is_read_as_it_was(tmp_path: Path) -> None:
    for preset in presets().values():
        write_preset(preset, tmp_path / "preset.json")
        assert read_preset(tmp_path / "preset.json") == preset


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("model.depth=8", "unknown key 'model.depth': here there are .*num_layers"),
        ("rows", "is not key=value"),
        ("rows=many", "rows=many: expected"),
        ("model.num_layers=2.5", "model.num_layers=2.5: expected"),
    ],
)
def test_a_wrong_override_is_refused_by_name(assignment: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        override(presets()["pico"], [assignment])


def test_what_a_full_memory_asks_for_may_change_in_every_stage(tmp_path: Path) -> None:
    begun, changes = presets()["toy"], [f"{below}micro_rows=2" for below in ("", *BELOW.values())]
    smaller = override(begun, changes)
    write_preset(begun, tmp_path / "preset.json")
    refuse_another_preset(smaller, tmp_path / "preset.json")
    begin(tmp_path, dataclasses.asdict(begun), is_how_only)
    for stage in BELOW:
        begin(tmp_path, {stage: dataclasses.asdict(getattr(smaller, stage))}, is_how_only)


@pytest.mark.parametrize(
    ("rows", "micro_rows", "at_once"), [(64, 2, 2), (64, 64, 32), (64, 24, 16), (3, 2, 1), (1, 9, 1)]
)
def test_text_is_replayed_by_no_more_rows_than_it_was_read(rows: int, micro_rows: int, at_once: int) -> None:
    assert override(presets()["1b"], [f"replay_rows={rows}", f"micro_rows={micro_rows}"]).replay_micro_rows == at_once


def test_a_run_goes_on_with_its_own_configuration_only(tmp_path: Path) -> None:
    begun = presets()["toy"]
    write_preset(begun, tmp_path / "preset.json")
    refuse_another_preset(begun, tmp_path / "preset.json")
    longer = override(begun, ["loop.steps=80", "loop.log_steps=1", "chat.epochs=1"])
    refuse_another_preset(longer, tmp_path / "preset.json")
    other = override(begun, ["optim.muon_lr=0.5", "rows=16"])
    with pytest.raises(ValueError, match=r"optim.muon_lr: 0.015 there, 0.5 here.*another --run") as told:
        refuse_another_preset(other, tmp_path / "preset.json")
    assert "rows: 8 there, 16 here" in str(told.value)
