"""Shows a run to people, while it runs or later: curves in the terminal, and one page of HTML that needs nothing else.

It knows the files that a run records and no tensor: a laptop without torch can look at a copy of the folder.
"""
