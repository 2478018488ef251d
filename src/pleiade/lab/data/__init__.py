"""From folders of xz-compressed JSON lines to an endless, resumable stream of packed token rows.

It does not know the model, the optimizer or the objective that reads the rows.
"""
