"""Live reads over HTTP: what a row amounts to as of the last committed transaction."""
