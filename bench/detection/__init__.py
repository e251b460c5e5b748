"""Measures detection on data that others made."""
