"""Memory that is a file without a disk: promised as a whole or page by page, swap-backed."""

from __future__ import annotations

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.idpool import POOL_USED
from mmtwin.mm.page_flags import PG_swapbacked
from mmtwin.mm.vm_flags import VM_NORESERVE
from mmtwin.mm.vmstat_items import NR_FILE_PAGES, NR_SHMEM, PGPGIN

from .by_hand import PAGE, machine, node_count


def setup(m: Machine, pages: int = 10, flags: int = 0) -> tuple[int, int]:
    """(file, inode) of a shared mapping's memory."""
    file = int(m.page_cache.shmem_file_setup(pages * PAGE, flags))
    assert file
    return file, int(m.arena.files[file].f_inode)


def touch(m: Machine, inode: int, *indices: int) -> list[int]:
    return [int(m.page_cache.filemap_get_or_read(inode, i)) for i in indices]


def check(m: Machine, committed: int) -> None:
    m.page_cache.check()
    m.shmem.check()
    assert m.shmem.committed() == committed
    assert m.overcommit.vm_memory_committed() == committed


def test_its_pages_are_zeroed_not_read_and_count_as_shmem_and_cache(engine: str) -> None:
    m = machine(engine)
    _, inode = setup(m)
    first, second = touch(m, inode, 0, 7)
    assert not m.page_cache.major
    assert m.arena.vm_event_states[PGPGIN] == 0
    assert m.arena.pages[first]["flags"] & m.arena.pages[second]["flags"] & PG_swapbacked
    assert node_count(m, NR_SHMEM) == node_count(m, NR_FILE_PAGES) == 2
    check(m, 10)


@pytest.mark.parametrize(("flags", "before", "after"), [(0, 10, 10), (VM_NORESERVE, 0, 3)])
def test_it_is_accounted_whole_or_page_by_page(
    engine: str, flags: int, before: int, after: int
) -> None:
    m = machine(engine)
    file, inode = setup(m, 10, flags)
    check(m, before)
    touch(m, inode, 1, 2, 3, 3)
    check(m, after)
    m.page_cache.fput(file)
    check(m, 0)


def test_it_is_freed_with_its_last_reference(engine: str) -> None:
    m = machine(engine)
    file, inode = setup(m)
    m.page_cache.get_file(file)  # a mapping
    touch(m, inode, *range(10))
    m.page_cache.fput(file)
    assert node_count(m, NR_SHMEM) == 10
    m.page_cache.fput(file)
    assert node_count(m, NR_SHMEM) == node_count(m, NR_FILE_PAGES) == 0
    assert m.arena.file_pool[POOL_USED] == 0
    assert not m.arena.inodes[inode].i_kind
    check(m, 0)


@pytest.mark.parametrize(("flags", "committed"), [(0, 4), (VM_NORESERVE, 2)])
def test_shrinking_gives_back_pages_and_promises(engine: str, flags: int, committed: int) -> None:
    m = machine(engine)
    _, inode = setup(m, 10, flags)
    touch(m, inode, 0, 3, 8, 9)
    assert m.page_cache.truncate_setsize(inode, 4 * PAGE) == 0
    assert node_count(m, NR_SHMEM) == 2
    check(m, committed)


def test_growing_promises_more(engine: str) -> None:
    m = machine(engine)
    _, inode = setup(m)
    assert m.page_cache.truncate_setsize(inode, 25 * PAGE - 5) == 0
    check(m, 25)


def test_drop_caches_leaves_it_alone(engine: str) -> None:
    m = machine(engine)
    _, inode = setup(m)
    touch(m, inode, 0, 1)
    m.page_cache.drop_caches()
    assert m.arena.inodes[inode].nrpages == 2


def test_what_is_too_much_is_refused(engine: str) -> None:
    m = machine(engine)
    inodes = int(m.arena.inode_pool[POOL_USED])
    assert m.page_cache.shmem_file_setup(1 << 50, 0) == 0
    assert m.arena.inode_pool[POOL_USED] == inodes
    check(m, 0)
