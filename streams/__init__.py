"""Moves events in and alerts out: Kafka, Redis, webhook. Decides nothing; `detectors` does."""
