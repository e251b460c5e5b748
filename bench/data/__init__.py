"""Third-party tables turned into the events that upstream sends.

The tables stay where they are (`--data DIR` or `SELLERWATCH_DATA`); nothing of them is kept in this project.
"""
