"""Benchmark families: `trip`, `aime`, `gpqa`, and what every other one has to bring."""
