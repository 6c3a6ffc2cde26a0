"""A line in the log for what was refused, and none for each request of a flood.

A line holds a status, a reason of the closed list, counts and the gateway's own name for the request: nothing
that a client wrote, so no body, key, address or control character gets into a log.
"""

import structlog

from ingest_gateway.answers import Answer
from ingest_gateway.intake import Intake
from ingest_gateway.rate_limits import Buckets
from ingest_gateway.request import Request
from schemas.reasons import Reason

_log = structlog.get_logger()


class RefusalLog:
    """At most one line for a request, and so many a second; the next line tells how many were left out."""

    def __init__(self, cap: Buckets) -> None:
        self._cap = cap
        self._left_out = 0

    def request(self, request: Request, answer: Answer) -> None:
        """The whole request was refused. A client that sends too much is counted only."""
        if answer.reason is not None and answer.reason is not Reason.RATE_LIMITED:
            self._write("request_refused", request, status=answer.status, reason=answer.reason)

    def events(self, request: Request, intake: Intake) -> None:
        """Some of its events were."""
        if intake.rejected:
            self._write(
                "events_rejected",
                request,
                rejected=len(intake.rejected),
                reason=intake.rejected[0].reason.value,
                accepted=len(intake.accepted),
            )

    def _write(self, what: str, request: Request, **fields: object) -> None:
        if self._cap.take(None):
            self._left_out += 1
            return
        if self._left_out:
            fields["left_out"] = self._left_out
            self._left_out = 0
        _log.info(what, **fields, request_id=request.id)
