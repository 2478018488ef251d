"""`python -m pleiade.cli`, the same as `pleiade`."""

from pleiade.cli import app

app()
