"""Erasing a person or seller from Redis: what is found, what is done at once, and what the fold does."""
