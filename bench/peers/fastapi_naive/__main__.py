"""The gateway's everyday work the plain FastAPI way: models, a dict for each event, fastavro, a future for
each message, uvicorn with what `uvicorn[standard]` installs.

Rules, sizes and the catalogue's checks are the gateway's own. It has none of the gateway's protections beyond
them: no keys, no tokens, no rate limits, no bounded body, no duplicate-key check, no spool, no dead letters,
no metrics; one bad event costs its whole batch.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Header, Request
from fastapi.middleware.cors import CORSMiddleware

from bench.peers.fastapi_naive.interactions import encoded, interactions
from bench.peers.fastapi_naive.models import Batch
from bench.peers.fastapi_naive.producer import AwaitableProducer
from schemas.topics import INTERACTIONS, Namespace

SCHEMA_ID = int(os.environ["BENCH_INTERACTION_ID"])


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One producer for the process."""
    topic = Namespace(os.environ["SILLAGE_NAMESPACE"]).topic(INTERACTIONS)
    app.state.producer = AwaitableProducer(os.environ["SILLAGE_KAFKA_BOOTSTRAP"], topic)
    yield


app = FastAPI(lifespan=lifespan)
app.add_middleware(
    CORSMiddleware, allow_origins=[os.environ["SILLAGE_ALLOWED_ORIGINS"]], allow_credentials=True
)


@app.get("/readyz")
async def readyz() -> dict[str, bool]:
    """For the benchmark."""
    return {"ready": True}


@app.post("/api/analytics")
async def collect(
    batch: Batch, request: Request, user_agent: Annotated[str, Header()] = ""
) -> dict[str, bool | int | str]:
    """Answered when Kafka has every event."""
    producer: AwaitableProducer = request.app.state.producer
    key = batch.sessionId.encode()
    taken = list(interactions(batch, user_agent))
    await asyncio.gather(*(producer.send(key, encoded(one, SCHEMA_ID)) for one in taken))
    if batch.event is not None:
        return {"success": True, "eventId": taken[0]["event_id"]}
    return {"success": True, "count": len(taken)}


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["SILLAGE_GATEWAY_PORT"]), access_log=False, log_level="warning")
