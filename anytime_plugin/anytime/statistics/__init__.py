"""The numbers of curves: index, bands, comparison."""
