"""Files in memory: read once, shared by all, gone with the file or when asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin.machine import Machine
from mmtwin.mm.idpool import POOL_USED
from mmtwin.mm.page_flags import INODE_DIRECTORY, INODE_REGULAR, PG_uptodate
from mmtwin.mm.vmstat_items import NR_FILE_DIRTY, NR_FILE_PAGES, PGPGIN

from ..conftest import built_engines
from .by_hand import PAGE, machine, node_count


def new_file(m: Machine, pages: int = 10) -> int:
    inode = int(m.page_cache.new_inode(INODE_REGULAR, pages * PAGE, 12, 8 << 20 | 1))
    assert inode
    return inode


def read(m: Machine, inode: int, *indices: int) -> list[int]:
    return [int(m.page_cache.filemap_get_or_read(inode, i)) for i in indices]


def inodes(m: Machine) -> int:
    """How many there are besides the directories."""
    kinds = [int(m.arena.inodes[i].i_kind) for i in m.arena.where("inodes", "i_kind")]
    assert len(kinds) == m.arena.inode_pool[POOL_USED]
    return sum(kind != INODE_DIRECTORY for kind in kinds)


def test_a_page_is_read_once(engine: str) -> None:
    m = machine(engine)
    inode = new_file(m)
    (pfn,) = read(m, inode, 3)
    assert m.page_cache.find_get_page(inode, 3) == pfn
    assert m.arena.pages[pfn]["flags"] & PG_uptodate
    assert node_count(m, NR_FILE_PAGES) == m.arena.inodes[inode].nrpages == 1
    sectors = int(m.arena.vm_event_states[PGPGIN])
    assert read(m, inode, 3) == [pfn]
    assert sectors == int(m.arena.vm_event_states[PGPGIN]) == 8
    m.page_cache.check()


@pytest.mark.parametrize(("size", "pages"), [(0, 0), (1, 1), (PAGE, 1), (PAGE + 1, 2)])
def test_a_file_has_a_page_for_every_byte_begun(engine: str, size: int, pages: int) -> None:
    m = machine(engine)
    inode = m.page_cache.new_inode(INODE_REGULAR, size, 1, 0)
    assert m.page_cache.inode_pages(inode) == pages


def test_an_inode_with_links_keeps_its_pages_when_it_is_closed(engine: str) -> None:
    m = machine(engine)
    inode = new_file(m)
    file = m.page_cache.open_file(inode, 0, 0)
    m.page_cache.iput(inode)
    read(m, inode, 0, 1)
    m.page_cache.fput(file)
    assert node_count(m, NR_FILE_PAGES) == 2
    m.page_cache.unlink_inode(inode)
    assert node_count(m, NR_FILE_PAGES) == 0
    assert inodes(m) == 0
    m.page_cache.check()


def test_an_unlinked_file_lives_until_it_is_closed(engine: str) -> None:
    m = machine(engine)
    inode = new_file(m)
    file = m.page_cache.open_file(inode, 0, 0)
    m.page_cache.iput(inode)
    m.page_cache.get_file(file)  # dup, or a mapping
    read(m, inode, 0)
    m.page_cache.unlink_inode(inode)
    m.page_cache.fput(file)
    assert node_count(m, NR_FILE_PAGES) == 1
    m.page_cache.fput(file)
    assert node_count(m, NR_FILE_PAGES) == 0
    assert inodes(m) == 0


def test_truncation_drops_the_pages_past_the_end(engine: str) -> None:
    m = machine(engine)
    inode = new_file(m)
    read(m, inode, 0, 4, 5, 9)
    m.page_cache.truncate_setsize(inode, 4 * PAGE + 1)
    assert m.xarray.entries(inode).keys() == {0, 4}
    assert node_count(m, NR_FILE_PAGES) == 2
    m.page_cache.check()


def test_drop_caches_drops_what_is_clean_and_unused(engine: str) -> None:
    m = machine(engine)
    inode = new_file(m)
    _, mapped, dirty = read(m, inode, 0, 1, 2)
    m.arena.pages[mapped].refcount += 1
    m.rmap.add_file_rmap(mapped)
    m.page_cache.folio_mark_dirty(dirty)
    assert node_count(m, NR_FILE_DIRTY) == 1
    m.write("/proc/sys/vm/drop_caches", "2")  # slab: none is modelled
    assert m.xarray.entries(inode).keys() == {0, 1, 2}
    m.write("/proc/sys/vm/drop_caches", "3")
    assert m.xarray.entries(inode).keys() == {1, 2}


def test_drop_caches_takes_1_to_4_and_cannot_be_read(engine: str) -> None:
    m = machine(engine)
    for text in ("0", "5", "yes"):
        with pytest.raises(OSError, match="drop_caches"):
            m.write("/proc/sys/vm/drop_caches", text)
    with pytest.raises(PermissionError):
        m.read("/proc/sys/vm/drop_caches")


def test_truncating_a_dirty_page_cancels_its_write(engine: str) -> None:
    m = machine(engine)
    inode = new_file(m)
    m.page_cache.folio_mark_dirty(read(m, inode, 2)[0])
    m.page_cache.truncate_setsize(inode, 0)
    assert node_count(m, NR_FILE_DIRTY) == 0


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from("rrrtdu"), st.integers(0, 3), st.integers(0, 99))))
def test_any_sequence_keeps_the_counts_and_leaks_nothing(
    steps: list[tuple[str, int, int]],
) -> None:
    digests = {run(steps, kind) for kind in built_engines() if kind != "debug"}
    assert len(digests) == 1


def run(steps: list[tuple[str, int, int]], kind: str) -> str:
    m = machine(kind)
    files = [new_file(m, 100) for _ in range(4)]
    for what, which, index in steps:
        inode = files[which]
        if what == "r":
            read(m, inode, index)
        elif what == "t":
            m.page_cache.truncate_inode_pages(inode, index, index + 10)
        elif what == "d":
            m.page_cache.drop_caches()
        else:
            m.page_cache.unlink_inode(inode)
            m.page_cache.iput(inode)
            files[which] = new_file(m, 100)
        m.page_cache.check()
    for inode in files:
        m.page_cache.unlink_inode(inode)
        m.page_cache.iput(inode)
    assert node_count(m, NR_FILE_PAGES) == inodes(m) == 0
    m.check()
    return m.arena.digest()
