"""lm-eval runs programs: all documents in lockstep, each round as one `generate_until` batch."""
