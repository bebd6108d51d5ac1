"""Rows: engine, release, lists, names and search. It knows no HTTP."""
