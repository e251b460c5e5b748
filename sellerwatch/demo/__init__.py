"""`sellerwatch demo`: the whole system on embedded parts, watching a made-up marketplace whose truth is known."""
