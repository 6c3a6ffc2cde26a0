"""`make bench-gateway`: how fast the gateway takes events in, beside plain FastAPI and a bare Go handler."""
