"""The house over HTTP, for those who run it: what is wrong with it, what is set in it, what it keeps of a person.

This room knows requests, answers and who may ask; checks, settings and records are other rooms', and it runs the
checks in a process of their own.
"""
