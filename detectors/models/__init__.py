"""What is learned from all sellers: cohorts' norms and trees, the risk model, words."""
