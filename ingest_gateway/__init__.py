"""HTTP in, Kafka out: turns requests into acknowledged records of the topic `interactions`."""
