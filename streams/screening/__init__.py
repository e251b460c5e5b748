"""Sanction lists and lists of one's own: read, indexed, and compared with names before these are hashed."""
