"""The stages of the pipeline, one small class a file; `pleiade.gateway.pipeline` puts them in order.

No stage knows its neighbours: it gets the next one as a function, and a Call.
"""
