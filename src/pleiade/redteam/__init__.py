"""Red team: a bounded set of probes put to a deployment as any caller would, and the rates at which it holds or leaks.

It speaks to a server's public API only; it does not know how a deployment is served, nor what filters it.
"""
