"""The shape of what clients send: one event, and the batch around it.

The one definition: the gateway parses with it and the OpenAPI document is made from it. It says types and
sizes; what a type of event requires beyond that is the catalogue's matter (`schemas.validation`).
Names are camelCase, as in JSON. `null` means absent. Unknown keys are ignored.
"""

from typing import Annotated, Any, Literal, Required

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from schemas import limits
from schemas.catalogue import CATALOGUE
from schemas.event_type import Category

_CONFIG = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

SessionId = Annotated[str, Field(max_length=limits.ID_CHARS)]
Id = Annotated[str, Field(min_length=1, max_length=limits.ID_CHARS)]
Count = Annotated[int, Field(ge=0, le=limits.INT64_MAX)]
ClientTime = Annotated[
    int | str | float,  # in this order: to try a text as a float makes an error, for each event
    Field(description="ISO 8601 with a zone, or epoch milliseconds.", examples=["2026-03-01T12:00:00.000Z"]),
]
DeviceType = Literal["desktop", "mobile", "tablet", "tv", "unknown"]
Consent = Literal["granted", "pending", "denied"]


@with_config(_CONFIG)
class ClientEvent(TypedDict, total=False):
    """One interaction of a visitor."""

    eventType: Required[
        Annotated[
            str,
            Field(
                description="A name of the catalogue.",
                examples=["PERFUME_VIEW"],
                json_schema_extra={"enum": list(CATALOGUE)},
            ),
        ]
    ]
    path: Required[
        Annotated[
            str,
            Field(
                min_length=1,
                max_length=limits.PATH_CHARS,
                description="The page's path.",
                examples=["/perfume/chanel-no5"],
            ),
        ]
    ]
    eventId: Annotated[
        str | None,
        Field(
            description="UUID; made by the gateway where missing. A retry with the same one counts once.",
            json_schema_extra={"format": "uuid"},
        ),
    ]
    eventCategory: Annotated[
        str | None,
        Field(
            description="Follows from the type; a wrong one is rejected.",
            json_schema_extra={"enum": [*Category, None]},
        ),
    ]
    timestamp: ClientTime | None
    perfumeId: Id | None
    houseId: Id | None
    noteId: Id | None
    eventData: Annotated[
        dict[str, Any] | None,
        Field(description="Known keys are checked (see the event reference), others are kept."),
    ]
    duration: Annotated[Count | None, Field(description="Milliseconds.")]
    value: float | None
    referrer: Annotated[str | None, Field(description="Cut to its limit where it is longer.")]
    deviceType: DeviceType | None
    seq: Annotated[Count | None, Field(description="Counter per session and tab: gaps tell what was lost.")]
    sessionId: Annotated[SessionId | None, Field(description="Honoured from a secret key only.")]
    userId: Annotated[Id | None, Field(description="Honoured from a secret key only; else rejected.")]
    user_id: Annotated[Any, Field(description="Never honoured; rejected from a browser.")]
    userAgent: Annotated[
        str | None, Field(description="The visitor's, passed on by your server. From a secret key only.")
    ]


@with_config(_CONFIG)
class Envelope(TypedDict, total=False):
    """What holds for a whole batch."""

    sessionId: Annotated[
        SessionId | None,
        Field(description="May come from the configured cookie instead.", examples=["s-8f14e45f"]),
    ]
    userId: Annotated[Id | None, Field(description="Honoured from a secret key only; else refused.")]
    user_id: Annotated[Any, Field(description="Never honoured; refused from a browser.")]
    tabId: Id | None
    visitorId: Annotated[Id | None, Field(description="A claim of the client, never an identity.")]
    sentAt: Annotated[ClientTime | None, Field(description="The client's clock when it sends.")]
    consent: Annotated[Consent | None, Field(description="Unless granted or absent, nothing is stored.")]
    key: Annotated[str | None, Field(description="A publishable key.")]
    userToken: Annotated[str | None, Field(description="A signed token naming the user.")]
    sdk: Annotated[Id | None, Field(description="name/version", examples=["sillage-browser/1.0.0"])]
    context: Annotated[
        dict[str, Any] | None,
        Field(description="locale, viewport, campaign; maxTouchPoints tells an iPad from a Mac."),
    ]


Events = Annotated[list[ClientEvent], Field(min_length=1, max_length=limits.BATCH_EVENTS, fail_fast=True)]


class SingleRequest(Envelope):
    """A body with one event."""

    event: ClientEvent


class BatchRequest(Envelope):
    """A body with several events of one session."""

    events: Events


class EitherRequest(Envelope, total=False):
    """A body of either form, as it is parsed."""

    event: ClientEvent
    events: Events
