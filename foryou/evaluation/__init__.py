"""Measures: pure functions over columns."""
