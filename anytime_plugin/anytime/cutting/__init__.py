"""Where a trace is cut, and what marks reasoning in it."""
