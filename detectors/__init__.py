"""Says what looks wrong: pure functions of events, no clock, no network, no files."""
