"""`python -m sinks`."""

from sinks.app import main

raise SystemExit(main())
