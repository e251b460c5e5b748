"""What a decision or an alert rests on: recomputed from the log, and packed for others to check."""
