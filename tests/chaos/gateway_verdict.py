"""What was answered, held against what is in the topic."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.gateway_load import UNANSWERED, Sent

P99_LIMIT_S: Final = 0.25
OK: Final = 200


@dataclass(frozen=True, slots=True)
class Phase:
    """How requests of one phase were answered."""

    requests: int
    statuses: Mapping[int, int]
    p50_s: float
    p99_s: float
    slowest_s: float


@dataclass
class Verdict:
    """What was found. `checks`: by what should hold, what is wrong with it; None where it holds."""

    phases: dict[str, Phase]
    answered: int
    lost: int
    duplicates: int
    landed_otherwise: Mapping[str, int]
    """Events in the topic although their request was not answered 200, by how it was."""
    checks: dict[str, str | None] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return sum(wrong is not None for wrong in self.checks.values())


def judge(sent: Sequence[Sent], topic: Iterable[str]) -> Verdict:
    """Compare the requests with the event ids of the topic."""
    found = Counter(topic)
    answered = [event_id for request in sent if request.status == OK for event_id in request.ids]
    lost = [event_id for event_id in answered if event_id not in found]
    otherwise = Counter(
        "no answer" if request.status == UNANSWERED else str(request.status)
        for request in sent
        if request.status != OK
        for event_id in request.ids
        if event_id in found
    )
    names = dict.fromkeys(request.phase for request in sent)
    phases = {name: _phase([request for request in sent if request.phase == name]) for name in names}
    verdict = Verdict(phases, len(answered), len(lost), sum(found.values()) - len(found), otherwise)
    verdict.checks["every event answered 200 is in the topic"] = (
        f"{len(lost)} of {len(answered)} are not" if lost or not answered else None
    )
    return verdict


def _phase(sent: Sequence[Sent]) -> Phase:
    seconds = sorted(request.seconds for request in sent)
    return Phase(
        len(sent),
        Counter(request.status for request in sent),
        seconds[len(seconds) // 2],
        seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))],
        seconds[-1],
    )


def all_taken(phase: Phase) -> str | None:
    """What is wrong where every request of a phase should have been answered 200."""
    other = {status: times for status, times in phase.statuses.items() if status != OK}
    return f"{other} of {phase.requests} requests" if other else None


def quick(phase: Phase) -> str | None:
    """What is wrong with its 99th percentile."""
    return None if phase.p99_s < P99_LIMIT_S else f"p99 is {phase.p99_s * 1_000:.0f} ms"
