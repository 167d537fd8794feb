"""Finished files of lm-eval."""
