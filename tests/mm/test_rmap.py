"""From a page to the vmas that map it, and the counters of mapped pages."""

from __future__ import annotations

from typing import Any

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE
from mmtwin.mm.page_flags import INODE_REGULAR, PG_anon_exclusive, PG_swapbacked
from mmtwin.mm.vm_flags import VM_MAYWRITE, VM_SHARED
from mmtwin.mm.vmstat_items import NR_ANON_MAPPED, NR_FILE_MAPPED

from .by_hand import PAGE, RW, Vmas, node_count


def anon_page(v: Vmas, vma: int, page: int) -> int:
    """A fresh page as a fault at page number `page` maps it."""
    v.fault(vma)
    pfn = int(v.m.page_alloc.alloc_pages(GFP_HIGHUSER_MOVABLE, 0, -1))
    v.m.rmap.add_new_anon_rmap(pfn, vma, page * PAGE)
    return pfn


def covering(m: Machine, pfn: int) -> dict[int, int]:
    """{vma: page number} that the walk of a page gives."""
    found: dict[int, int] = {}
    link = m.rmap.rmap_walk_first(pfn)
    while link:
        vma = m.rmap.rmap_walk_vma(pfn, link)
        assert vma not in found
        found[vma] = m.rmap.vma_address(pfn, vma) // PAGE
        link = m.rmap.rmap_walk_next(pfn, link)
    return found


def page(m: Machine, pfn: int) -> Any:
    return m.arena.pages[pfn]


def test_a_new_anonymous_page_is_exclusive_and_counted(engine: str) -> None:
    v = Vmas(engine)
    vma = v.new(100, 110)
    pfn = anon_page(v, vma, 103)
    assert page(v.m, pfn)["flags"] & (PG_anon_exclusive | PG_swapbacked) == (
        PG_anon_exclusive | PG_swapbacked
    )
    assert (page(v.m, pfn).index, page(v.m, pfn).mapcount) == (103, 1)
    assert node_count(v.m, NR_ANON_MAPPED) == 1
    assert covering(v.m, pfn) == {vma: 103}


def test_a_page_shared_by_fork_is_counted_once_and_found_twice(engine: str) -> None:
    v = Vmas(engine)
    parent = v.new(100, 110)
    pfn = anon_page(v, parent, 105)
    child = v.fork(parent)
    v.m.rmap.add_anon_rmap(pfn)
    assert page(v.m, pfn).mapcount == 2
    assert not page(v.m, pfn)["flags"] & PG_anon_exclusive
    assert node_count(v.m, NR_ANON_MAPPED) == 1
    assert covering(v.m, pfn) == {parent: 105, child: 105}
    v.m.rmap.remove_rmap(pfn)
    assert node_count(v.m, NR_ANON_MAPPED) == 1
    v.m.rmap.remove_rmap(pfn)
    assert node_count(v.m, NR_ANON_MAPPED) == 0


def test_a_page_that_the_child_faulted_in_is_not_looked_for_in_the_parent(engine: str) -> None:
    v = Vmas(engine)
    parent = v.new(100, 110)
    v.fault(parent)
    child = v.fork(parent)
    assert covering(v.m, anon_page(v, child, 101)) == {child: 101}


def test_a_reused_page_moves_to_the_anon_vma_of_its_last_user(engine: str) -> None:
    v = Vmas(engine)
    parent = v.new(100, 110)
    pfn = anon_page(v, parent, 105)
    child = v.fork(parent)
    v.m.rmap.add_anon_rmap(pfn)
    v.m.rmap.remove_rmap(pfn)
    v.m.rmap.folio_move_anon_rmap(pfn, child)
    assert covering(v.m, pfn) == {child: 105}
    assert page(v.m, pfn)["flags"] & PG_anon_exclusive


#   page:  100     103     106     110
#   vmas:   [--low--)  gap  [--high--)       halves of one vma, the middle unmapped
@pytest.mark.parametrize(("number", "found"), [(101, "low"), (108, "high"), (104, None)])
def test_the_walk_skips_vmas_that_do_not_cover_the_page(
    engine: str, number: int, found: str | None
) -> None:
    v = Vmas(engine)
    low = v.new(100, 110)
    pfn = anon_page(v, low, number)
    high = v.split(low)
    v[low].vm_end = 103 * PAGE
    v[high].vm_start, v[high].vm_pgoff = 106 * PAGE, 106
    assert covering(v.m, pfn) == ({} if not found else {{"low": low, "high": high}[found]: number})


def test_a_moved_vma_has_the_page_at_its_new_address(engine: str) -> None:
    v = Vmas(engine)
    vma = v.new(100, 110)
    pfn = anon_page(v, vma, 105)
    moved = v.new(500, 510)
    v[moved].vm_pgoff, v[moved].anon_vma = 100, v[vma].anon_vma
    v.m.rmap.anon_vma_clone(moved, vma)
    v.close(vma)
    assert covering(v.m, pfn) == {moved: 505}


def mapped_file(v: Vmas, flags: int = RW) -> tuple[int, int]:
    """(inode, vma of its pages 0..9 at page number 100)."""
    inode = int(v.m.page_cache.new_inode(INODE_REGULAR, 100 * PAGE, 1, 0))
    file = int(v.m.page_cache.open_file(inode, 0, 0))
    vma = v.new(100, 110, flags, file)
    v[vma].vm_pgoff = 0
    v.m.rmap.vma_link_file(vma)
    return inode, vma


def test_the_pages_of_a_file_are_found_in_every_vma_that_maps_them(engine: str) -> None:
    v = Vmas(engine)
    inode, first = mapped_file(v)
    second = v.new(700, 705, RW, int(v[first].vm_file))
    v[second].vm_pgoff = 8
    v.m.rmap.vma_link_file(second)
    pfns = {i: v.m.page_cache.filemap_get_or_read(inode, i) for i in (3, 9, 12, 50)}
    assert covering(v.m, pfns[3]) == {first: 103}
    assert covering(v.m, pfns[9]) == {first: 109, second: 701}
    assert covering(v.m, pfns[12]) == {second: 704}
    assert covering(v.m, pfns[50]) == {}
    v.m.rmap.unlink_file_vma(first)
    assert covering(v.m, pfns[9]) == {second: 701}
    v.m.rmap.unlink_file_vma(second)
    assert v.m.arena.inodes[inode].i_mmap == 0


@pytest.mark.parametrize(
    ("flags", "writable"), [(RW, 0), (RW | VM_SHARED, 0), (RW | VM_SHARED | VM_MAYWRITE, 1)]
)
def test_i_mmap_writable_counts_mappings_that_can_dirty_the_file(
    engine: str, flags: int, writable: int
) -> None:
    v = Vmas(engine)
    inode, vma = mapped_file(v, flags)
    assert v.m.arena.inodes[inode].i_mmap_writable == writable
    v.m.rmap.unlink_file_vma(vma)
    assert v.m.arena.inodes[inode].i_mmap_writable == 0


def test_a_file_page_counts_as_mapped_once(engine: str) -> None:
    v = Vmas(engine)
    inode, _ = mapped_file(v)
    pfn = v.m.page_cache.filemap_get_or_read(inode, 3)
    v.m.rmap.add_file_rmap(pfn)
    v.m.rmap.add_file_rmap(pfn)
    assert node_count(v.m, NR_FILE_MAPPED) == 1
    v.m.rmap.remove_rmap(pfn)
    v.m.rmap.remove_rmap(pfn)
    assert node_count(v.m, NR_FILE_MAPPED) == 0
