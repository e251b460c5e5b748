"""What is known of an event before it enters the log: values that cross sellers, orders, standings."""
