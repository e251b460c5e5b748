"""Models as they travel and as they are kept: snapshots, versions, and what people ask of them."""
