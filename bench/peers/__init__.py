"""The session job as others would build it, to be measured beside ours."""
