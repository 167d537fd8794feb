"""Inspect AI runs programs: one coroutine per sample, each batch as concurrent generations."""
