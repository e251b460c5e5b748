"""`sellerwatch models`: which versions there are, how they differ, and which is in force."""
