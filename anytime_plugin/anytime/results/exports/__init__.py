"""Finished runs in the formats of others: records, model cards, tables."""
