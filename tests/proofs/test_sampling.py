"""What a sampled run leaves out is asked by a later one, and what has changed is asked first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.proofs import sampling
from tests.proofs.sampling import FOR_THE_CHANGED, SLOW_KIND, Sample, Sampler

sizes = st.integers(1, 60)


@given(count=sizes, most=sizes, seed=st.integers(0, 10_000))
def test_as_many_are_chosen_as_there_is_room_for_in_their_order(count, most, seed):
    chosen = Sample(is_whole=False, seed=seed).choose(range(count), most=most)
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))


@given(count=sizes, most=sizes, step=st.integers(1, 12), changed=st.sets(st.integers(0, 59)))
def test_many_commits_ask_everything_whatever_lies_between_them(count, most, step, changed):
    """The chance that one of sixty is never drawn in so many draws is below one in 10^15."""
    files = [frozenset({f"{n}.py"}) for n in range(count)]
    asked: set[int] = set()
    for at in range(0, step * 4_000, step):
        sample = Sample(is_whole=False, seed=at, changed=frozenset(f"{n}.py" for n in changed if n % 2 == at % 2))
        asked |= set(sample.choose(range(count), most=most, files=files))
        if len(asked) == count:
            return
    raise AssertionError(f"never asked: {set(range(count)) - asked}")


@given(count=sizes, most=sizes, seed=st.integers(0, 10_000), changed=st.sets(st.integers(0, 59)))
def test_what_has_changed_is_asked_first_and_leaves_room_for_the_rest(count, most, seed, changed):
    touched = {n for n in changed if n < count}
    sample = Sample(is_whole=False, seed=seed, changed=frozenset(f"{n}.py" for n in touched))
    chosen = set(sample.choose(range(count), most=most, files=[frozenset({f"{n}.py"}) for n in range(count)]))
    assert len(chosen) == min(count, most)
    assert len(chosen & touched) >= min(len(touched), int(min(most, count) * FOR_THE_CHANGED))
    rest = set(range(count)) - touched
    assert len(chosen & rest) >= min(len(rest), most - max(1, int(most * FOR_THE_CHANGED))) or len(chosen) == count


@given(count=st.integers(0, 60), of=st.integers(1, 12), seed=st.integers(0, 10_000), shift=st.integers(0, 12))
def test_part_is_each_so_manieth_and_all_parts_are_drawn(count, of, seed, shift):
    drawn = {tuple(Sample(is_whole=False, seed=seed + n).part(range(count), of=of, shift=shift)) for n in range(600)}
    assert drawn == {tuple(range(count))[start::of] for start in range(of)}


@given(count=sizes, most=sizes, of=sizes)
def test_whole_run_leaves_nothing_out(count, most, of):
    whole = Sample(is_whole=True)
    assert whole.choose(range(count), most=most) == whole.part(range(count), of=of) == list(range(count))


@given(name=st.text(), of=st.integers(1, 12), seed=st.integers(0, 10_000))
def test_named_thing_is_asked_by_each_so_manieth_commit(name, of, seed):
    asked = [Sample(is_whole=False, seed=seed + n).has(name, of=of) for n in range(of)]
    assert asked.count(True) == 1
    assert Sample(is_whole=True).has(name, of=of)


class Item:
    """A collected test, as far as it is looked at."""

    def __init__(self, nodeid: str, *markers: str) -> None:
        self.nodeid, self.markers = nodeid, markers

    def iter_markers(self, _name: str) -> Iterator[Any]:
        return iter(())

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.markers else None


def an_item(nodeid: str, *markers: str) -> Any:
    return Item(nodeid, *markers)


def test_of_slow_tests_a_quarter_is_asked_those_of_changed_files_first_and_all_of_isolation(tmp_path, monkeypatch):
    slow = [an_item(f"tests/test_{file}.py::test_{n}") for file in "abc" for n in range(5)]
    others = [an_item("tests/test_d.py::test_quick"), an_item("tests/isolation/test_e.py::test_slow", "isolation")]
    path = tmp_path / "slow.json"
    path.write_text(json.dumps({item.nodeid: 0.7 for item in [*slow, others[1]]}))
    monkeypatch.setattr(sampling, "SLOW", path)
    asked: set[str] = set()
    for seed in range(40):
        config: Any = SimpleNamespace(hook=SimpleNamespace(pytest_deselected=lambda items: None))
        sampler = Sampler(config)
        sampler.sample = Sample(is_whole=False, seed=seed, changed=frozenset({"tests/test_b.py"}))
        items = [*slow, *others]
        sampler.pytest_collection_modifyitems(items, config)
        assert items[-2:] == others
        names = {item.nodeid for item in items[:-2]}
        assert len(names) == 4
        assert len([name for name in names if "test_b" in name]) >= 2
        assert sampler.left_out[SLOW_KIND][0::2] == (4, 15)
        asked |= names
    assert asked == {item.nodeid for item in slow}


def test_whole_run_asks_all_slow_tests(tmp_path, monkeypatch):
    slow = [an_item(f"tests/test_a.py::test_{n}") for n in range(5)]
    path = tmp_path / "slow.json"
    path.write_text(json.dumps({item.nodeid: 0.7 for item in slow}))
    monkeypatch.setattr(sampling, "SLOW", path)
    config: Any = SimpleNamespace(hook=SimpleNamespace(pytest_deselected=lambda items: None))
    sampler = Sampler(config)
    sampler.sample = Sample(is_whole=True)
    items = list(slow)
    sampler.pytest_collection_modifyitems(items, config)
    assert items == slow
