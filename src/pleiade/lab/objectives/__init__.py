"""What a run learns: each objective deals out batches and says what loss they have.

An objective does not know the optimizer, the schedule or the clock; the loop does not know what an objective reads.
"""
