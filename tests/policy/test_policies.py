"""The shipped policies, by themselves and in the engine; files of the user's own."""

from __future__ import annotations

import random
from collections import OrderedDict, deque
from pathlib import Path
from typing import Any

import pytest

from mmtwin import policy
from mmtwin.machine import Machine
from mmtwin.mm.page_flags import INODE_REGULAR
from mmtwin.policy import PolicyError
from mmtwin.policy import compile as policy_compile

PAGES = 300
SOURCES = Path(policy.__file__).parent


class Future:
    """Next uses in a list of keys."""

    def __init__(self, keys: list[int]) -> None:
        self.keys, self.now = keys, -1

    def next_use(self, key: int) -> int:
        later = (i for i in range(self.now + 1, len(self.keys)) if self.keys[i] == key)
        return next(later, 1 << 60)


def replay(instance: Any, keys: list[int], size: int, future: Future | None = None) -> list[bool]:
    """A cache of `size` pages under a policy: which requests hit. Page numbers are reused."""
    page_of: dict[int, int] = {}
    free, hits = list(range(1, size + 1)), []
    for now, key in enumerate(keys):
        if future is not None:
            future.now = now
        hits.append(key in page_of)
        if key in page_of:
            instance.access(page_of[key])
            continue
        if not free:
            victim = instance.evict()
            held = next(k for k, page in page_of.items() if page == victim)
            instance.remove(victim)
            free.append(page_of.pop(held))
        page_of[key] = free.pop()
        instance.insert(page_of[key], key)
    return hits


def requests(seed: int, n: int = 3000, objects: int = 200) -> list[int]:
    rng = random.Random(seed)
    return [min(int(rng.paretovariate(0.6)), objects) for _ in range(n)]


def lru_hits(keys: list[int], size: int) -> list[bool]:
    cache: OrderedDict[int, None] = OrderedDict()
    hits = []
    for key in keys:
        hits.append(key in cache)
        cache.pop(key, None)
        cache[key] = None
        if len(cache) > size:
            cache.popitem(last=False)
    return hits


def fifo_hits(keys: list[int], size: int) -> list[bool]:
    cache: deque[int] = deque()
    hits = []
    for key in keys:
        hits.append(key in cache)
        if key not in cache:
            cache.append(key)
        if len(cache) > size:
            cache.popleft()
    return hits


@pytest.mark.parametrize(("name", "model"), [("lru", lru_hits), ("fifo", fifo_hits)])
def test_lru_and_fifo_are_the_textbooks(name: str, model: Any) -> None:
    for seed in range(5):
        keys = requests(seed)
        assert replay(policy.find(name).cls(PAGES), keys, 40) == model(keys, 40)


def test_opt_misses_least_and_every_policy_beats_nothing() -> None:
    keys = requests(9)
    hits = {
        name: sum(replay(policy.find(name).cls(PAGES), keys, 40))
        for name in policy.BUILT_IN
        if name != "opt"
    }
    future = Future(keys)
    opt = sum(replay(policy.find("opt").cls(PAGES, future), keys, 40, future))
    assert opt > max(hits.values())
    assert hits["clock"] > hits["fifo"] and hits["s3-fifo"] > hits["fifo"]
    assert min(hits.values()) > len(keys) // 4


def test_opt_evicts_what_is_needed_last() -> None:
    keys = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5]  # Belady's own example, three frames: 7 misses
    future = Future(keys)
    assert replay(policy.find("opt").cls(PAGES, future), keys, 3, future).count(False) == 7


def test_clock_gives_a_second_chance() -> None:
    clock = policy.find("clock").cls(PAGES)
    for page in (1, 2, 3):
        clock.insert(page, page)
    clock.access(1)
    assert clock.evict() == 2
    clock.remove(2)
    clock.remove(1)  # freed by somebody else
    assert clock.evict() == 3


def test_s3_fifo_lets_one_hit_wonders_pass_by() -> None:
    """A scan does not push out what was used twice."""
    s3 = policy.find("s3-fifo").cls(PAGES)
    hot = [1, 2, 3, 4, 5]
    scan = list(range(100, 140))
    hits = replay(s3, hot * 4 + scan + hot, 20)
    assert hits[-len(hot) :] == [True] * len(hot)


@pytest.mark.parametrize("name", policy.BUILT_IN)
def test_each_policy_is_at_most_50_lines(name: str) -> None:
    lines = (SOURCES / f"{policy.BUILT_IN[name]}.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 50


# -- in the engine


def machine_with_file(engine: str, pages: int = 200) -> tuple[Machine, int]:
    machine = Machine(ram="64M", cpus=1, engine=engine)
    inode = machine.page_cache.new_inode(INODE_REGULAR, pages << 12, 5, 0)
    return machine, inode


def fill(machine: Machine, inode: int, first: int, last: int) -> None:
    for index in range(first, last):
        assert machine.page_cache.filemap_get_or_read(inode, index)
    machine.lru.lru_add_drain_all()


def isolated_indices(machine: Machine, n: int) -> list[int]:
    found = []
    for _ in range(n):
        pfn = machine.policy.isolate(0, 0)
        found.append(int(machine.arena.pages[pfn]["index"]) if pfn else -1)
    return found


def test_the_engine_asks_the_policy_in_its_order(engine: str) -> None:
    machine, inode = machine_with_file(engine)
    policy.use(machine, "lru", compiled=False)
    fill(machine, inode, 0, 100)
    for index in range(0, 50, 2):
        machine.lru.mark_page_accessed(machine.page_cache.find_get_page(inode, index))
    assert isolated_indices(machine, 3) == [1, 3, 5]
    machine.page_cache.truncate_inode_pages(inode, 0, 1 << 60)
    assert machine.policy.isolate(0, 0) == 0


def test_pages_that_were_there_before_are_told_to_a_new_policy(engine: str) -> None:
    machine, inode = machine_with_file(engine)
    fill(machine, inode, 0, 40)
    policy.use(machine, "fifo", compiled=False)
    assert isolated_indices(machine, 2) == [0, 1]
    machine.policy.use(None)
    assert machine.policy.active == 0


class Broken:
    """Chooses what it was never given."""

    def __init__(self, nr_pages: int) -> None:
        self.calls = 0

    def insert(self, page: int, key: int) -> None:
        self.calls += 1
        if self.calls == 5:
            raise RuntimeError("no more")

    def access(self, page: int) -> None: ...

    def evict(self) -> int:
        return 77

    def remove(self, page: int) -> None: ...


def test_a_policy_that_raises_or_lies_ends_its_rule_and_is_told(engine: str) -> None:
    policy.register("broken", Broken)
    machine, inode = machine_with_file(engine)
    policy.use(machine, "broken")
    fill(machine, inode, 0, 20)
    assert machine.policy.active == 0
    assert isinstance(machine.policy.taken_error(), RuntimeError)
    machine, inode = machine_with_file(engine)
    policy.use(machine, "broken")
    fill(machine, inode, 0, 3)
    assert machine.policy.isolate(0, 0) == 0
    assert "no page of its lruvec" in str(machine.policy.taken_error())


def test_what_is_no_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"no policy 'lrv'.*did you mean lru"):
        policy.find("lrv")
    with pytest.raises(PolicyError, match="no such file"):
        policy.find(str(tmp_path / "no.py"))
    path = tmp_path / "mine.py"
    path.write_text("def f(:\n")
    with pytest.raises(PolicyError, match="SyntaxError"):
        policy.find(str(path))
    path.write_text("class A:\n    def evict(self): return 0\n")
    with pytest.raises(PolicyError, match="A has no insert"):
        policy.find(str(path))
    path.write_text("x = 1\n")
    with pytest.raises(PolicyError, match="has 0 classes"):
        policy.find(str(path))
    with pytest.raises(PolicyError, match="needs the future"):
        policy.use(Machine(ram="64M", cpus=1, engine="interpreted"), "opt")


@pytest.mark.skipif(not policy_compile.have_compiler(), reason="no C compiler here")
def test_a_compiled_policy_chooses_as_the_plain_one(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine != "compiled":
        pytest.skip("policies are compiled for the compiled engine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    chosen = []
    for compiled in (False, True):
        machine, inode = machine_with_file(engine)
        assert policy.use(machine, "s3-fifo", compiled=compiled) is compiled
        fill(machine, inode, 0, 120)
        for index in range(0, 60, 3):
            pfn = machine.page_cache.find_get_page(inode, index)
            machine.lru.mark_page_accessed(pfn)
            machine.lru.mark_page_accessed(pfn)
        chosen.append(isolated_indices(machine, 80))
    assert chosen[0] == chosen[1] and -1 not in chosen[0]
