"""What is remembered of a seller, and what each event teaches it."""
