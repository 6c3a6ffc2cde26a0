"""Which modules are compiled: those where CPU time goes for each event.

They are plainly typed Python, and tested as they are. mypyc asks of them only that what a class has itself is
a ClassVar, that a class which extends a builtin is marked (`mypyc_attr(native_class=False)`), and that no
dataclass has a field of type `object`, or type parameters.
"""

from typing import Final

HOT: Final = (
    "schemas.avro_binary",
    "schemas.avro_binary_reading",
    "schemas.avro_decoders",
    "schemas.avro_encoders",
    "schemas.client_time",
    "schemas.event_data",
    "schemas.interaction",
    "schemas.storable",
    "schemas.validation",
    "wire.partitions",
    "ingest_gateway.admission",
    "ingest_gateway.answers",
    "ingest_gateway.batch",
    "ingest_gateway.body",
    "ingest_gateway.breaker",
    "ingest_gateway.client_address",
    "ingest_gateway.consent",
    "ingest_gateway.content_encoding",
    "ingest_gateway.enrichment.clock",
    "ingest_gateway.intake",
    "ingest_gateway.interaction_log",
    "ingest_gateway.json_document",
    "ingest_gateway.publisher",
    "ingest_gateway.rate_limits",
    "ingest_gateway.request",
    "ingest_gateway.route",
    "ingest_gateway.session",
    "ingest_gateway.store_and_forward",
    "ingest_gateway.visitor",
    "stream_processors.engine.agenda",
    "stream_processors.engine.partition",
    "stream_processors.perfumes.activity",
    "stream_processors.perfumes.affinity",
    "stream_processors.perfumes.agent",
    "stream_processors.perfumes.event",
    "stream_processors.perfumes.feedback",
    "stream_processors.perfumes.figures",
    "stream_processors.perfumes.reducer",
    "stream_processors.perfumes.row",
    "stream_processors.perfumes.viewers",
    "stream_processors.perfumes.windows",
    "stream_processors.sessions.agent",
    "stream_processors.sessions.event",
    "stream_processors.sessions.figures",
    "stream_processors.sessions.lifetime",
    "stream_processors.sessions.reducer",
    "stream_processors.sessions.row",
)
