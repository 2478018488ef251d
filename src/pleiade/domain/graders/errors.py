"""What can be wrong with a grader."""


class GraderError(ValueError):
    """What is wrong with a grader, or with the example that it reads; the message names the field."""
