"""`make bench-streams`: how fast the session job is on our engine, on plain Faust and on Kafka Streams."""
