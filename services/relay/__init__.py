"""Publishes the log and the answers to Kafka, in order: nothing is left out, nothing is dropped."""
