"""Finished files of the harnesses, and tables of rows."""
