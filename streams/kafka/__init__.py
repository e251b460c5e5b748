"""Faust's Kafka transport, changed to move whole polls, and the ground it stands on."""
