"""Events under way are no differences; what stays wrong is."""

from collections.abc import Iterable

import pytest

from ops.audit.result import Comparison, Cut, Finding, Result
from ops.audit.scope import Everything, Keys, Scope
from ops.audit.settling import LOOK_AGAIN_S, STEADY_S, settle
from ops.audit.subjects import Place


def finding(key: str, found: int = 0, reasons: tuple[str, ...] = ()) -> Finding:
    return Finding("perfumes", Place.TOPIC, key, "total_views", 1, found, reasons, narrowed_by=key)


def result(*findings: Finding, checked: int = 9, complete: bool = True) -> Result:
    comparison = Comparison(
        checked=checked,
        differing=len({found.key for found in findings if not found.reasons}),
        excused=len({found.key for found in findings if found.reasons}),
        findings=findings,
        complete=complete,
    )
    in_postgresql = Comparison(checked=checked)
    return Result(
        Cut("now"),
        {("perfumes", Place.TOPIC): comparison, ("perfumes", Place.POSTGRESQL): in_postgresql},
    )


class Looks:
    """Answers one result after the other, the last one for ever; time passes by sleeping only."""

    def __init__(self, *results: Result) -> None:
        self._results = list(results)
        self.scopes: list[Scope] = []
        self.now = 0.0

    def __call__(self, scope: Scope) -> Result:
        self.scopes.append(scope)
        return self._results.pop(0) if len(self._results) > 1 else self._results[0]

    def settle(self, wait_s: float) -> Result:
        return settle(self, Everything(), wait_s, clock=lambda: self.now, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def keys(findings: Iterable[Finding]) -> list[str]:
    return [found.key for found in findings]


def test_one_look_is_enough_where_everything_agrees() -> None:
    looks = Looks(result())
    assert looks.settle(60).differing == 0
    assert looks.scopes == [Everything()]


def test_a_row_under_way_is_looked_at_again_and_only_it() -> None:
    looks = Looks(result(finding("a"), finding("b")), result(finding("b", 2)), result(checked=1))
    assert looks.settle(60).differing == 0
    assert looks.scopes[1:] == [
        Keys(frozenset(), frozenset({"a", "b"})),
        Keys(frozenset(), frozenset({"b"})),
    ]


def test_a_row_that_agreed_once_is_no_difference_later() -> None:
    looks = Looks(result(finding("a")), result(finding("b")))
    assert looks.settle(60).differing == 0


def test_what_was_checked_is_what_the_first_look_saw() -> None:
    looks = Looks(result(finding("a"), checked=1_000), result(checked=1))
    assert looks.settle(60).comparisons["perfumes", Place.TOPIC].checked == 1_000


def test_differences_that_stay_the_same_end_the_wait_early() -> None:
    looks = Looks(result(finding("a")))
    assert keys(looks.settle(3_600).findings) == ["a"]
    assert looks.now == pytest.approx(STEADY_S, abs=LOOK_AGAIN_S)


def test_differences_that_keep_changing_end_with_the_time_given() -> None:
    looks = Looks(*(result(finding("a", number)) for number in range(1_000)))
    assert looks.settle(30).differing == 1
    assert looks.now == pytest.approx(30, abs=LOOK_AGAIN_S)


def test_without_time_there_is_one_look() -> None:
    looks = Looks(result(finding("a")), result())
    assert looks.settle(0).differing == 1


def test_more_differences_than_are_listed_are_all_looked_at_again() -> None:
    looks = Looks(result(finding("a"), complete=False), result())
    assert looks.settle(60).differing == 0
    assert looks.scopes == [Everything(), Everything()]


def test_excused_rows_are_told_and_not_waited_for() -> None:
    looks = Looks(result(finding("a", reasons=("late at session_agent",))))
    told = looks.settle(60).as_object()
    assert looks.scopes == [Everything()]
    assert told["agrees"] is True
    assert [found["reasons"] for found in told["excused"]] == [["late at session_agent"]]
