"""Finished logs of Inspect AI."""
