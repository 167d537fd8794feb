"""The `anytime` command, a file for each of its commands."""
