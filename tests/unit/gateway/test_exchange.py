"""A request that is there as a whole is answered in one piece. Nobody notices, but by the time it takes."""

import gc

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from tests.unit.gateway.served import EVENT, GOOD, Served, head, run

REQUESTS = 20
LEFT = 2
"""The connection holds its last request; the task of one may not have ended yet."""


def test_an_answer_in_one_piece_says_what_one_in_messages_says() -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(GOOD)
        at_once = await client.head()
        first = await client.body(at_once[1])
        await client.send(head())
        await site.when(lambda: site.gateway.metrics.requests_in_flight == 1)
        await client.send(EVENT)
        in_messages = await client.head()
        second = await client.body(in_messages[1])
        assert at_once[1].pop("date")
        assert in_messages[1].pop("date")
        assert at_once == in_messages
        assert (first["success"], second["success"]) == (True, True)

    run(scenario)


def test_an_answer_to_head_has_no_body() -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(head(length=0).replace(b"POST", b"HEAD", 1))
        assert (await client.head())[0] == 405
        await client.send(GOOD)
        assert (await client.answer())[0] == 200

    run(scenario)


def test_a_client_that_wants_no_more_is_told_that_the_connection_closes() -> None:
    async def scenario(site: Served) -> None:
        client = await site.connect(head("connection: close") + EVENT)
        status, headers = await client.head()
        assert (status, headers["connection"]) == (200, "close")
        await client.body(headers)
        assert await client.closed()

    run(scenario)


def test_what_was_answered_is_freed_without_a_garbage_collection() -> None:
    async def scenario(site: Served) -> None:
        client, before = await site.connect(), _kept()
        for _ in range(REQUESTS):
            await client.send(GOOD)
            assert (await client.answer())[0] == 200
        await site.when(lambda: _kept() <= before + LEFT)

    gc.collect()
    gc.disable()
    try:
        run(scenario)
    finally:
        gc.enable()


def _kept() -> int:
    return sum(isinstance(one, RequestResponseCycle) for one in gc.get_objects())
