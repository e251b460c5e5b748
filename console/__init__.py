"""What analysts see and do: alerts to judge, sellers, links, and how the system is."""
