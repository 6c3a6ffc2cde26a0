"""When batches that were given up say that Kafka takes nothing."""

from ingest_gateway.deliveries import FAILURES, REMEMBERED_S, Deliveries


def _after(*outcomes: bool) -> Deliveries:
    deliveries = Deliveries()
    for second, acknowledged in enumerate(outcomes):
        deliveries.ended(acknowledged, float(second))
    return deliveries


def test_before_the_first_batch_nothing_is_known() -> None:
    fresh = Deliveries()
    assert (fresh.last_ack, fresh.failing, fresh.problem(0.0)) == (None, False, None)


def test_one_failure_asks_for_a_look_but_is_no_verdict() -> None:
    once = _after(True, False)
    assert (once.last_ack, once.failing, once.problem(1.0)) == (0.0, True, None)


def test_nothing_but_failures_is_a_problem() -> None:
    assert "not acknowledged" in (_after(*[False] * FAILURES).problem(3.0) or "")


def test_one_success_wipes_out_all_failures_before_it() -> None:
    assert _after(*[False] * FAILURES, True).problem(4.0) is None
    assert _after(*[False] * (FAILURES - 1), True, False).problem(4.0) is None


def test_after_a_while_it_is_worth_another_try() -> None:
    assert _after(*[False] * FAILURES).problem(FAILURES + REMEMBERED_S) is None
