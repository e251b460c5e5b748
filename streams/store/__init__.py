"""What Redis holds, and the scripts that change it together."""
