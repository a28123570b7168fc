"""Kafka: topics, messages both ways, and who of several processes serves which platform."""
