"""The moderation engine: our classifier behind `POST /v1/moderations`, with numpy alone.

It scores texts; it knows nothing of policies, keys, customers or what is done with a score.
"""
