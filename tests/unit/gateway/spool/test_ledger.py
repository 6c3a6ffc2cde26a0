"""The age bound goes by the oldest entry in memory, in whatever order entries come and go."""

from pathlib import Path
from random import Random

from ingest_gateway.spool.ledger import Bounds, Ledger, Waiting
from ingest_gateway.spool.recovery import Recovered
from ingest_gateway.spool.segments import Extent, Segment

SEGMENT = Segment(Path("0-00.segment"))


class Accounts:
    """A ledger, and beside it when each entry came that somebody answers for in memory."""

    def __init__(self) -> None:
        self.ledger = Ledger(Recovered(), Bounds(10**12, 60_000), 0)
        self.came: dict[int, int] = {}

    def commit(self, at: int, owned: bool) -> None:
        number = self.ledger.reserve(10)
        self.ledger.unreserve(10)
        self.ledger.reached(Extent(SEGMENT, number), number)
        self.ledger.committed(number, Waiting(at, 1), owned)
        assert owned or self.ledger.read(number, Waiting(at, 1))
        self.came[number] = at

    def settle(self, number: int) -> None:
        self.ledger.settle(number, 1)
        del self.came[number]

    def agree(self) -> None:
        assert self.ledger.oldest() == min(self.came.values(), default=None)
        assert self.ledger.entries == len(self.came)


def test_the_oldest_is_known_whatever_was_settled_before() -> None:
    random = Random(7)
    accounts = Accounts()
    for step in range(5_000):
        if accounts.came and random.random() < 0.48:
            accounts.settle(random.choice(list(accounts.came)))
        else:
            accounts.commit(step + random.randrange(-50, 50), owned=random.random() < 0.5)
        if random.random() < 0.5:
            accounts.agree()
    for number in list(accounts.came):
        accounts.settle(number)
        accounts.agree()


def test_an_entry_that_stays_for_ever_does_not_keep_the_settled_ones_in_memory() -> None:
    accounts = Accounts()
    accounts.commit(0, owned=True)
    for step in range(10_000):
        accounts.commit(1 + step, owned=False)
        accounts.settle(max(accounts.came))
    accounts.agree()
    assert len(accounts.ledger._by_age) < 2_000
