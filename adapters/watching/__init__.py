"""Watching the pipeline: where each part stands, and the figures for Prometheus."""
