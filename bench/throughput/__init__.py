"""How fast the stages are: interleaved rounds in one run, on one core each, on real services."""
