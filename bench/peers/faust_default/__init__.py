"""The session job the plain Faust way."""
