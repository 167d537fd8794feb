"""Harnesses that run programs. Nothing below this package imports one."""
