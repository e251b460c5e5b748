"""Reads the topics into the database: rows and positions in one transaction, so that each record counts once."""
