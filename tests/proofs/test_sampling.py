"""What a sampled run leaves out is asked by a later one, and what has changed is asked first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.proofs.sampling import FOR_THE_CHANGED, Sample

sizes = st.integers(1, 60)


@given(count=sizes, most=sizes, seed=st.integers(0, 10_000))
def test_as_many_are_chosen_as_there_is_room_for_in_their_order(count, most, seed):
    chosen = Sample(is_whole=False, seed=seed).choose(range(count), most=most)
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))


@given(count=sizes, most=sizes, seed=st.integers(0, 10_000))
def test_commits_that_follow_one_another_ask_everything(count, most, seed):
    commits = -(-count // most) + 1
    asked = {
        n for at in range(seed, seed + commits) for n in Sample(is_whole=False, seed=at).choose(range(count), most=most)
    }
    assert asked == set(range(count))


@given(count=sizes, most=sizes, seed=st.integers(0, 10_000), changed=st.sets(st.integers(0, 59)))
def test_what_has_changed_is_asked_first_and_leaves_room_for_the_rest(count, most, seed, changed):
    touched = {n for n in changed if n < count}
    sample = Sample(is_whole=False, seed=seed, changed=frozenset(f"{n}.py" for n in touched))
    chosen = set(sample.choose(range(count), most=most, files=[frozenset({f"{n}.py"}) for n in range(count)]))
    assert len(chosen) == min(count, most)
    assert len(chosen & touched) >= min(len(touched), int(min(most, count) * FOR_THE_CHANGED))
    rest = set(range(count)) - touched
    assert len(chosen & rest) >= min(len(rest), most - int(most * FOR_THE_CHANGED)) or len(chosen) == count


@given(count=st.integers(0, 60), of=st.integers(1, 12), seed=st.integers(0, 10_000), shift=st.integers(0, 12))
def test_parts_of_commits_that_follow_one_another_are_the_whole(count, of, seed, shift):
    parts = [Sample(is_whole=False, seed=seed + n).part(range(count), of=of, shift=shift) for n in range(of)]
    assert sorted(n for part in parts for n in part) == list(range(count))


@given(count=sizes, most=sizes, of=sizes)
def test_whole_run_leaves_nothing_out(count, most, of):
    whole = Sample(is_whole=True)
    assert whole.choose(range(count), most=most) == whole.part(range(count), of=of) == list(range(count))
