"""Measures what the documents claim, each figure beside something run in the same minute.

`make bench` prints a table and writes build/bench.json.
"""
