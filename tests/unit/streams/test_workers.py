"""Who has what is asked of Kafka once, however many want to know."""

import asyncio
import threading

from stream_processors.live.workers import FRESH_S, Workers

ADDRESSES = {0: "here:1"}


class Kafka:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.answering = threading.Event()

    def look_up(self, _group: str) -> dict[int, str]:
        self.asked += 1
        assert self.answering.wait(60)
        return ADDRESSES


def test_many_questions_at_once_are_one_look_up() -> None:
    async def scene() -> None:
        kafka = Kafka()
        workers = Workers(kafka.look_up)
        asking = [asyncio.ensure_future(workers.addresses("group")) for _ in range(50)]
        await asyncio.sleep(0)
        kafka.answering.set()
        assert await asyncio.gather(*asking) == [ADDRESSES] * 50
        assert kafka.asked == 1

    asyncio.run(scene())


def test_an_answer_is_kept_for_a_while_and_then_asked_for_again() -> None:
    async def scene() -> None:
        kafka, now = Kafka(), [0.0]
        kafka.answering.set()
        workers = Workers(kafka.look_up, lambda: now[0])
        for moment in (0.0, FRESH_S / 2, FRESH_S * 2):
            now[0] = moment
            assert await workers.addresses("group") == ADDRESSES
        assert kafka.asked == 2

    asyncio.run(scene())


def test_a_look_up_that_failed_is_not_kept() -> None:
    async def scene() -> None:
        answers = iter([{}, ADDRESSES])
        now = [0.0]
        workers = Workers(lambda _group: next(answers), lambda: now[0])
        assert await workers.addresses("group") == {}
        now[0] += FRESH_S
        assert await workers.addresses("group") == ADDRESSES

    asyncio.run(scene())
