"""The private names of Faust and aiokafka that the fetch room leans on, in the versions that are pinned."""

import ast
import importlib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from ops.runtime.home import PROJECT
from stream_processors.engine import fetch, transaction

ROOMS = (fetch, transaction)
RELIED_UPON = [*fetch.RELIED_UPON, *transaction.RELIED_UPON]
ATTRIBUTES = [*fetch.ATTRIBUTES, *transaction.ATTRIBUTES]

PINNED = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}


@pytest.mark.parametrize(("package", "expected"), PINNED.items())
def test_the_version_is_the_one_the_room_was_written_for(package: str, expected: str) -> None:
    assert version(package) == expected


@pytest.mark.parametrize(("module", "name"), RELIED_UPON)
def test_the_name_is_there(module: str, name: str) -> None:
    thing = importlib.import_module(module)
    for part in name.split("."):
        thing = getattr(thing, part)
    assert thing is not None


@pytest.mark.parametrize(("module", "owner", "name"), ATTRIBUTES)
def test_the_attribute_is_made_where_the_room_expects_it(module: str, owner: str, name: str) -> None:
    made_by = getattr(importlib.import_module(module), owner).__init__
    assert name in made_by.__code__.co_names


def test_the_assignment_can_be_asked_for_the_state_of_its_partitions() -> None:
    assignment = importlib.import_module("aiokafka.consumer.subscription_state").Assignment
    assert hasattr(assignment, "state_value")
    assert hasattr(assignment, "tps")


NAMES = {name.split(".")[-1] for _, name in RELIED_UPON} | {name for *_, name in ATTRIBUTES}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_no_private_name_is_used_that_is_not_listed(room: ModuleType) -> None:
    tree = ast.parse(Path(str(room.__file__)).read_text())
    touched = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    own |= {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_self(node.value)
    }
    private = {name for name in touched if name.startswith("_") and not name.startswith("__")}
    assert private - own <= NAMES


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_page_says_why_the_name_is_needed(name: str) -> None:
    assert name in (PROJECT / "docs" / "streams.md").read_text()
