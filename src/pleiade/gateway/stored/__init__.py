"""What clients asked us to keep, chat completions above all: recorded, listed, forgotten by project.

It knows the database's tables and the shapes of chat, and nothing of engines or of how answers are made.
"""
