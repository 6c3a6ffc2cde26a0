"""The session job the plain Faust way: `async for` over single events, a Table, `send` for each result.

Decoding, reducer, figures and forwarding are our own, so that what differs is the engine alone. All settings
are Faust's defaults but three: one replica (there is one broker), the commit interval (as the others') and
snappy (as ours: aiokafka knows lz4 at its slow level 9 only). At-least-once, as Faust's default is. Does not
check lateness or home partitions. Runs until SIGTERM.
"""

import logging
from collections.abc import AsyncIterator
from typing import Any

import faust
from faust.serializers import codecs

from schemas.topics import INTERACTIONS, PERFUME_ACTIVITY, SESSIONS, Namespace
from stream_processors.agents import encoder
from stream_processors.perfumes.activity import activities
from stream_processors.sessions.event import SessionEvent
from stream_processors.sessions.figures import figures
from stream_processors.sessions.reducer import Effect, apply
from stream_processors.sessions.row import SessionRow, pack, unpack
from stream_processors.settings import Settings
from wire.codec import Decoder
from wire.registry import Registry

ROW_CODEC = "session-row"


class RowCodec(codecs.Codec):  # type: ignore[misc]
    """Rows as the changelog bytes that our own table has."""

    def _dumps(self, row: SessionRow) -> bytes:
        return pack(row)

    def _loads(self, packed: bytes) -> SessionRow:
        return unpack(packed)


def _app(settings: Settings, space: Namespace) -> faust.App:
    return faust.App(
        space.group("session-agent"),
        broker=f"kafka://{settings.kafka_bootstrap}",
        datadir=settings.streams_data_dir,
        web_enabled=False,
        topic_replication_factor=1,
        topic_partitions=INTERACTIONS.partitions,
        broker_commit_interval=settings.flush_interval_ms / 1000,
        producer_compression_type="snappy",
        key_serializer="raw",
        value_serializer="raw",
    )


def build(settings: Settings) -> faust.App:
    """The Faust app with its one agent."""
    codecs.register(ROW_CODEC, RowCodec())
    space, registry = settings.topics, Registry(settings.registry_url)
    app = _app(settings, space)
    source = app.topic(space.topic(INTERACTIONS))
    published = app.topic(space.topic(SESSIONS))
    forwarded = app.topic(space.topic(PERFUME_ACTIVITY))
    sessions = app.Table("sessions", key_type=bytes)
    sessions.value_serializer = ROW_CODEC
    decode = Decoder("interaction", registry).decode
    encode_session = encoder(SESSIONS, registry, space)
    encode_activity = encoder(PERFUME_ACTIVITY, registry, space)

    async def keep_sessions(stream: Any) -> None:
        interactions: AsyncIterator[bytes] = stream
        async for value in interactions:
            interaction = decode(value)
            if interaction["is_bot"]:
                continue
            session_id: str = interaction["session_id"]
            key = session_id.encode()
            row = sessions[key] if key in sessions else SessionRow()
            if apply(row, SessionEvent(interaction)) is not Effect.APPLIED:
                continue
            sessions[key] = row
            await published.send(key=key, value=encode_session(figures(session_id, row, generation=0)))
            for perfume_id, activity in activities(interaction):
                await forwarded.send(key=perfume_id.encode(), value=encode_activity(activity))

    app.agent(source, name="session-agent")(keep_sessions)
    return app


if __name__ == "__main__":
    faust.Worker(build(Settings()), loglevel=logging.WARNING).execute_from_commandline()
