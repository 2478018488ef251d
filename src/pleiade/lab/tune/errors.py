"""The one error that a fine-tune ends with when something has to be changed: a sentence that says what."""


class TuneError(Exception):
    """What is wrong and what to do next; shown to people (and by the fine-tuning API) as it is."""
