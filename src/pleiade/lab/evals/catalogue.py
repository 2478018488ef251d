"""All suites by name, in the order of a report."""

from __future__ import annotations

from collections.abc import Sequence

from pleiade.lab.evals.scorer import EvalError
from pleiade.lab.evals.suite import Suite
from pleiade.lab.evals.suites import (
    abstention,
    blimp,
    choices,
    cloze,
    code,
    heldout,
    infill,
    instructions,
    style,
    toxicity,
    wikitext,
    winograd,
)


def suites() -> dict[str, Suite]:
    """Name -> suite."""
    listed = (
        heldout.SUITE,
        wikitext.SUITE,
        cloze.SUITE,
        blimp.SUITE,
        *choices.SUITES,
        winograd.SUITE,
        code.SUITE,
        infill.SUITE,
        instructions.SUITE,
        abstention.SUITE,
        toxicity.SUITE,
        style.SUITE,
    )
    return {suite.name: suite for suite in listed}


def chosen(names: Sequence[str]) -> list[Suite]:
    """The suites named. Raises EvalError that lists the known ones."""
    known = suites()
    missing = [name for name in names if name not in known]
    if missing or not names:
        raise EvalError(f"there is no suite {(missing or [''])[0]!r}; there are: {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)]
