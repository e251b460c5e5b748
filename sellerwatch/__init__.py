"""The command: one file a verb, nothing but wiring."""
