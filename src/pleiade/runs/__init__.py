"""A record of every call of a model: who asked what when, how it ended, how fast, for how much; and sums over time.

This room knows records, files and tables; it knows no route, no key's rights and no engine.
"""

from pleiade.runs.nouns import FAILED, OUTCOMES, Part, Run

__all__ = ["FAILED", "OUTCOMES", "Part", "Run"]
