"""Request models as one writes them for FastAPI, with the contract's sizes and the catalogue's rules."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, model_validator

from schemas import limits
from schemas.catalogue import CATALOGUE
from schemas.event_data import check_known_keys, check_tree
from schemas.rejection import InvalidEvent


class Event(BaseModel):
    """One interaction of a visitor."""

    eventId: UUID = Field(default_factory=uuid4)
    eventType: str
    eventCategory: str | None = None
    timestamp: datetime | None = None
    path: str = Field(min_length=1, max_length=limits.PATH_CHARS)
    perfumeId: str | None = Field(default=None, min_length=1, max_length=limits.ID_CHARS)
    houseId: str | None = Field(default=None, min_length=1, max_length=limits.ID_CHARS)
    noteId: str | None = Field(default=None, min_length=1, max_length=limits.ID_CHARS)
    eventData: dict[str, Any] | None = None
    duration: int | None = Field(default=None, ge=0, le=limits.INT64_MAX)
    value: float | None = Field(default=None, allow_inf_nan=False)
    referrer: str | None = None
    deviceType: Literal["desktop", "mobile", "tablet", "tv", "unknown"] | None = None
    seq: int | None = Field(default=None, ge=0, le=limits.INT64_MAX)

    @model_validator(mode="after")
    def keeps_the_catalogue(self) -> Self:
        """The catalogue's own checks are shared with the gateway: the same rules, the same code."""
        row = CATALOGUE.get(self.eventType)
        if row is None:
            raise ValueError("unknown type")
        if self.eventCategory not in (None, row.category):
            raise ValueError("wrong category")
        for field in row.requires:
            if getattr(self, field) is None:
                raise ValueError(f"{field} is required")
        try:
            check_tree("eventData", self.eventData or {})
            check_known_keys(row, self.eventData or {})
        except InvalidEvent as fault:
            raise ValueError(fault.message) from None
        return self


class Batch(BaseModel):
    """One event, or several of one session."""

    sessionId: str = Field(min_length=1, max_length=limits.ID_CHARS)
    tabId: str | None = Field(default=None, max_length=limits.ID_CHARS)
    visitorId: str | None = Field(default=None, max_length=limits.ID_CHARS)
    sentAt: datetime | None = None
    consent: Literal["granted", "pending", "denied"] | None = None
    sdk: str | None = Field(default=None, max_length=limits.ID_CHARS)
    context: dict[str, Any] | None = None
    event: Event | None = None
    events: list[Event] | None = Field(default=None, min_length=1, max_length=limits.BATCH_EVENTS)

    @model_validator(mode="after")
    def has_events(self) -> Self:
        """One form or the other."""
        if (self.event is None) == (self.events is None):
            raise ValueError("exactly one of event and events")
        return self
