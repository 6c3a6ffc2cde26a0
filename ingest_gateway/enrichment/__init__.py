"""What the gateway adds to an event: a corrected time, and what the user agent tells."""
