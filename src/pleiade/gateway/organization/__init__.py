"""Administration over HTTP, in the shape of OpenAI's `/v1/organization`: projects, people, keys, limits, usage, costs.

This room knows requests, answers and who may administer; what an act does, and that it is written down, is
tenancy's, and it knows no model and no engine.
"""
