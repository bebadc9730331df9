"""What pages hold: recipes, sizes of compressed pages, classes."""

from __future__ import annotations

import pytest

from mmtwin.errors import ConfigError
from mmtwin.machine import Machine
from mmtwin.mm.content import ALGORITHM_NAMES
from mmtwin.task import Task

PAGE = 4096
LZ4 = ALGORITHM_NAMES.index("lz4")


def task(engine: str) -> Task:
    return Machine(engine=engine, ram="64M", cpus=1).spawn()


def contents(task: Task, address: int, nr: int) -> list[int]:
    machine = task.machine
    found = []
    for i in range(nr):
        mm = int(machine.arena.tasks[task.index].mm)
        entry = int(machine.task_mmu.pagemap_entry(mm, address + i * PAGE))
        pages = machine.arena.pages
        pfn = entry & (1 << 55) - 1
        found.append(int(pages[pfn]["content"] if machine.arena.compiled else pages[pfn].content))
    return found


def sizes(task: Task, kind: str, *args: int, nr: int = 1) -> dict[str, list[int]]:
    """What filled pages compress to, by algorithm."""
    address = task.mmap(0, nr * PAGE, 3, 0x22)
    assert task.fill(address, nr * PAGE, kind, *args) == nr
    found = contents(task, address, nr)
    size = task.machine.content.compressed_size
    return {name: [int(size(c, i)) for c in found] for i, name in enumerate(ALGORITHM_NAMES)}


def test_pages_of_scenarios_compress_as_the_libraries_make_them(engine: str) -> None:
    """Figures of liblz4 and liblzo2; of lzo-rle those of a kernel's zram."""
    one = task(engine)
    value = sizes(one, "value", 0x55)
    assert (value["lz4"], value["lzo"]) == ([30], [53])
    partly = sizes(one, "partly", 7, 128, nr=24)
    assert set(partly["lz4"]) <= {1054, 1055} and set(partly["lzo"]) == {1101}
    assert set(partly["lzo-rle"]) == {1070}
    stream = sizes(one, "stream", 9)
    assert (stream["lz4"], stream["lzo"], stream["lzo-rle"]) == ([4114], [4116], [4118])
    assert sizes(one, "zero")["lz4"] == [26]


def test_tables_stand_in_where_no_algorithm_is_modelled(engine: str) -> None:
    one = task(engine)
    small, large = sizes(one, "partly", 1, 8), sizes(one, "partly", 1, 16)
    between = sizes(one, "partly", 1, 12)
    assert small["zstd"][0] < between["zstd"][0] < large["zstd"][0]
    assert sizes(one, "stream", 1)["zstd"][0] > PAGE


@pytest.mark.parametrize("kind", ["text", "heap", "database"])
def test_classes_have_the_sizes_of_many_real_pages(engine: str, kind: str) -> None:
    found = sizes(task(engine), kind, nr=40)["lz4"]
    assert len(set(found)) > 30 and 300 < sum(found) / 40 < 3600


def test_a_copied_page_holds_the_same(engine: str) -> None:
    parent = task(engine)
    address = parent.mmap(0, PAGE, 3, 0x22)
    parent.fill(address, PAGE, "value", 7)
    child = parent.fork()
    child.write(address)
    assert contents(child, address, 1) == contents(parent, address, 1) != [0]


def test_a_touched_page_of_zeros_is_not_zero_any_more(engine: str) -> None:
    one = task(engine)
    address = one.mmap(0, 2 * PAGE, 3, 0x22)
    one.fill(address, PAGE, "zero")
    one.fill(address, 2 * PAGE, "touched")
    assert len(set(contents(one, address, 2))) == 1
    size = int(one.machine.content.compressed_size(contents(one, address, 1)[0], LZ4))
    assert 20 < size < 60


def swapped(engine: str, nr: int, **content: object) -> list[int]:
    """Kinds of unknown pages once they were swapped out."""
    disk = {"name": "vda", "profile": "null_blk", "size": "64M"}
    machine = Machine(engine=engine, ram="64M", cpus=1, disk=[disk], **content)
    machine.mkswap("/dev/vda")
    machine.swapon("/dev/vda")
    one = machine.spawn()
    address = one.mmap(0, nr * PAGE, 3, 0x22)
    one.write(address, nr * PAGE)
    one.madvise(address, nr * PAGE, 21)
    one.read(address, nr * PAGE)
    return [content >> 28 for content in contents(one, address, nr)]


def test_pages_that_nobody_knows_turn_out_as_the_description_says(engine: str) -> None:
    shares = {"zero": 20, "text": 30, "heap": 40, "database": 10}
    kinds = swapped(engine, 200, content=shares)
    assert [kinds.count(kind) for kind in (1, 4, 5, 6)] == [40, 60, 80, 20]
    assert swapped(engine, 10) == [5] * 10  # heap, if nothing is said
    assert swapped(engine, 10, content="database") == [6] * 10


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"zero": 20}, "content: 20 percent in all"),
        ({"heap": 100, "tex": 0}, "content.tex: no such key; did you mean text?"),
        ({"heap": "much"}, "content.heap: 'much' is no number"),
        ("prose", "content.prose: no such key"),
    ],
)
def test_bad_shares_are_refused(content: object, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Machine(engine="interpreted", ram="64M", content=content)
    assert said in str(caught.value)
