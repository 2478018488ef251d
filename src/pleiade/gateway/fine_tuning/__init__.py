"""`/fine_tuning`, and `/fine-tunes` as in January 2023: jobs asked for, watched, stopped; graders tried.

It knows the room of fine-tuning and what callers may do; it knows no lab and no process.
"""
