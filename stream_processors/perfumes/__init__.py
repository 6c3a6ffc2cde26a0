"""The perfume agent's own logic: plain values in, plain values out; no clock, no I/O, no framework."""
