"""The durable spool: what the gateway answered 200 to and Kafka has not acknowledged, on this host's disk."""
