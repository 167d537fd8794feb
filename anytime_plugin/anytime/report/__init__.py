"""Finished runs as a page that anybody can read, and as pictures."""
