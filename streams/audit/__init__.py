"""The audit chain: what is recorded, how it is linked, and whether it was changed since."""
