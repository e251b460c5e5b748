"""Measures the product: third-party data as events, replays over them, throughput."""
