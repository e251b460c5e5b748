"""Replays third-party data through the `sellerwatch` command and says how good its answers are."""
