"""docs/metrics.md lists every metric of every service, as a scrape names it, and no other."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from ingest_gateway.metrics import GatewayMetrics
from sinks.metrics import Metrics as SinkMetrics
from stream_processors.engine.metrics import Instruments

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "metrics.md").read_text("utf-8")
Described = dict[str, tuple[str, str]]
"""Type and labels by name."""


def streams() -> Described:
    registry = CollectorRegistry()
    Instruments(registry)
    return in_registry(registry)


def sink() -> Described:
    registry = CollectorRegistry()
    SinkMetrics(registry)
    return in_registry(registry)


def gateway() -> Described:
    """Those that are looked at when asked for (`watch`) are made where there is something to look at."""
    sources = "".join(path.read_text("utf-8") for path in (PROJECT / "ingest_gateway").rglob("*.py"))
    watched = re.findall(r'\bwatch\(\s*"(\w+)"', sources)
    return in_registry(GatewayMetrics().registry) | {
        f"sillage_gateway_{name}": ("gauge", "") for name in watched
    }


def in_registry(registry: CollectorRegistry) -> Described:
    found = {}
    for metric in registry._collector_to_names:
        assert isinstance(metric, MetricWrapperBase)
        name = metric._name + ("_total" if metric._type == "counter" else "")
        found[name] = (str(metric._type), ", ".join(metric._labelnames))
    return found


@pytest.mark.parametrize(
    ("heading", "metrics"),
    [("The stream workers", streams()), ("The sink", sink()), ("The gateway", gateway())],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_service_s_metrics_are_in_its_section(heading: str, metrics: Described) -> None:
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\| \S", section, re.MULTILINE)
    assert {name: (kind, labels.strip()) for name, kind, labels in rows} == metrics


def test_what_to_watch_exists() -> None:
    known = streams() | sink() | gateway()
    advice = PAGE.split("\n## What to watch\n", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"sillage_\w+", advice)) <= known.keys()
