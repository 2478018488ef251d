"""That whoever judges did not."""


class JudgeLostError(Exception):
    """The judge did not answer, or not as one does; the message says why."""
