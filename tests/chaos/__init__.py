"""Crashes, stalls and rollbacks under load; afterwards every byte must be what one undisturbed worker makes of it."""
