"""How the whole system stands, from what Redis, Kafka and the processes say; half of it where one is away."""
