"""What `sellerwatch doctor` looks at: each module one thing that Sellerwatch rests on."""
