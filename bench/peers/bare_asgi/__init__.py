"""What HTTP and Kafka alone take of a Python process."""
