"""The audit chain: recorded, derived again, verified, and shown to others."""
