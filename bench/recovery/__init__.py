"""`make bench-recovery`: how long a stream worker takes to load its rows, and to be back after kill -9."""
