"""The gateway's everyday work the plain FastAPI way."""
