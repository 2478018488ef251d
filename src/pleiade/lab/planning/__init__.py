"""Says before a run what it takes: parameters, tokens, memory a device, time and cost, and what is silly about it.

It does not train, start or download anything, and knows a run only by its preset and a machine by its numbers.
"""
