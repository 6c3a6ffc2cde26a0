"""When batches go straight to the spool."""

from ingest_gateway.breaker import Breaker


def test_it_is_closed_until_kafka_fails_and_from_the_next_acknowledgement_on() -> None:
    breaker = Breaker()
    assert (breaker.open, breaker.why, breaker.last_ack) == (False, None, None)
    breaker.trip("overdue", 1.0)
    assert (breaker.open, breaker.why, breaker.since) == (True, "overdue", 1.0)
    breaker.acknowledged(2.0)
    assert (breaker.open, breaker.last_ack) == (False, 2.0)


def test_it_tells_the_newest_reason_and_counts_only_openings() -> None:
    breaker = Breaker()
    for moment, why in enumerate(("overdue", "no replicas", "no leader")):
        breaker.trip(why, float(moment))
    assert (breaker.why, breaker.since, breaker.opened) == ("no leader", 0.0, 1)
    breaker.acknowledged(5.0)
    breaker.trip("overdue", 6.0)
    assert (breaker.since, breaker.opened, breaker.acknowledgements) == (6.0, 2, 1)
