"""Unique viewers are estimated within 2 %, the same for every order, merge and restart."""

import random
from itertools import islice

import pytest
from datasketches import hll_sketch, hll_union
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_processors.perfumes.viewers import LG_K, Viewers

EXACT = 3_072
SIZES = [1, 10, 1_000, EXACT, EXACT + 1, 5_000, 20_000, 50_000]


def people(number: int, tag: str = "v") -> list[str]:
    return [f"{tag}:{person}" for person in range(number)]


def counted(viewers: list[str]) -> Viewers:
    sketch = Viewers()
    for viewer in viewers:
        sketch.add(viewer)
    return sketch


@pytest.mark.parametrize("number", SIZES)
def test_the_estimate_is_within_two_percent(number: int) -> None:
    for tag in "uvs":
        assert counted(people(number, tag)).estimate() == pytest.approx(number, rel=0.02)


def test_few_viewers_are_counted_exactly() -> None:
    sketch = Viewers()
    assert sketch.estimate() == 0
    for number, viewer in enumerate(people(EXACT), start=1):
        sketch.add(viewer)
        assert number % 97 or sketch.estimate() == number
    assert sketch.estimate() == EXACT


@pytest.mark.parametrize("number", SIZES)
def test_the_estimate_is_the_same_for_every_order_and_with_restarts_in_between(number: int) -> None:
    viewers = people(number)
    expected = counted(viewers).estimate()
    for seed in range(4):
        random.Random(seed).shuffle(viewers)
        sketch, rest = Viewers(), iter(viewers)
        while part := list(islice(rest, number // 3 + 1)):
            for viewer in part:
                sketch.add(viewer)
            sketch.estimate()  # asking must not change the answer
            sketch = Viewers.from_bytes(sketch.to_bytes())
        assert sketch.estimate() == expected


def test_the_library_s_own_estimate_would_depend_on_the_order() -> None:
    viewers = people(20_000)
    answers = set()
    for seed in range(4):
        random.Random(seed).shuffle(viewers)
        answers.add(hll_sketch.deserialize(counted(viewers).to_bytes()).get_estimate())
    assert len(answers) > 1, "then merging the sketch with itself has become needless"


@pytest.mark.parametrize("number", [10, 5_000, 50_000])
def test_parts_that_overlap_merge_to_the_estimate_of_the_whole(number: int) -> None:
    viewers = people(number)
    merged = hll_union(LG_K)
    for part in (viewers[: number * 2 // 3], viewers[number // 3 :], viewers[::5]):
        merged.update(hll_sketch.deserialize(counted(part).to_bytes()))
    assert round(merged.get_estimate()) == counted(viewers).estimate()


def test_seeing_known_viewers_again_changes_nothing() -> None:
    sketch = counted(people(5_000))
    before = sketch.estimate()
    for viewer in people(5_000):
        sketch.add(viewer)
    assert sketch.estimate() == before


def test_an_answer_is_not_kept_beyond_the_next_new_viewer() -> None:
    sketch = counted(people(5_000))
    sketch.estimate()
    for viewer in people(2_500, "u"):
        sketch.add(viewer)
    assert sketch.estimate() == counted(people(5_000) + people(2_500, "u")).estimate()


def test_a_sketch_stays_small() -> None:
    assert len(counted(people(5)).to_bytes()) < 40
    assert len(counted(people(50_000)).to_bytes()) < 17_000


@settings(max_examples=30)
@given(st.lists(st.text(min_size=1), max_size=50))
def test_viewers_are_told_apart_whatever_their_ids_are_made_of(ids: list[str]) -> None:
    assert counted(ids).estimate() == len(set(ids))
