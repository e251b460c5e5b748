"""What an operator does: look at the whole system, and mend it by hand."""
