"""Importers of public logs into events."""
