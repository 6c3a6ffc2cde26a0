"""How we speak Kafka: the codec with the registry, client settings, producers and consumers."""
