"""What texts and pictures say: folding, word lists, contacts, copies, and the model of words."""
