"""Holds the book against the bank, day by day (对账)."""
