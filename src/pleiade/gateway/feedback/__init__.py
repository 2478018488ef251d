"""Feedback over HTTP: given on any run, and the inbox of those who look after answers.

This room knows requests, answers and who may read; what feedback is and how it is kept is `pleiade.feedback`'s.
"""
