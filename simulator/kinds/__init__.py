"""One file per kind of seller: what makes it what it is."""
