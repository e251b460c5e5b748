"""The alert policy as a document: its file, its publication, and what watch makes of it."""
