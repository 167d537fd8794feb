"""Task YAML for lm-eval; `anytime path` prints where it lies."""
