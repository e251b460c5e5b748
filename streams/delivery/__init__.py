"""Alerts on their way to the receiver: outbox, webhook, tries, and those that were given up."""
