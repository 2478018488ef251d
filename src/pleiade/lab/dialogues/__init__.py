"""Writes and reads the dialogues that instruction tuning learns from, in English and French.

It knows what a good short answer looks like; it does not know tokens, models or losses.
"""
