"""`sellerwatch policy`: check, compare, publish and show alert policies."""
