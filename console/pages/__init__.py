"""The pages: what each asks of the database, and what can be done there."""
