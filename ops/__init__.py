"""The `sillage` command: runs, provisions and inspects the pipeline."""
