"""Refused events, for people: which are open, what they are, and their way back."""
