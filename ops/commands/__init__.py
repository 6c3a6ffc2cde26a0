"""One module a command or group of commands; `ops.cli` puts them together."""
