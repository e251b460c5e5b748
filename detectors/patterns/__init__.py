"""What looks wrong: one file a behaviour, with the facet it needs, and the features that all of them read."""
