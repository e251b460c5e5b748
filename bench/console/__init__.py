"""How fast the console's questions are answered on a large database."""
