"""Keeps the read models up with the event log."""
