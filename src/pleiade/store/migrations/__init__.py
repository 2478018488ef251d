"""Alembic's environment: the history of the schema, one numbered file a step.

It knows only the tables of its own time; the present schema is pleiade.store.tables.
"""
