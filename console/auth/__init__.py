"""Who may do what in the console, and how it is known who asks."""
