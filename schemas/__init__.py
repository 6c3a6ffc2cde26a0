"""What an event, a topic, a figure and a reason is.

Pure: plain values, no I/O beyond reading the `.avsc` files beside this module, no framework. Everything else
in the project stands on this package; it stands on nothing.
"""
