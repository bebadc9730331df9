"""The comparison with a real kernel notices when the model is wrong.

Each mutation changes one rule of the interpreted engine; the recorded answers of a real kernel
(fuzz/recorded.py) are then compared again, and the sequences that reach the rule no longer agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mmtwin.mm.memory import Memory
from mmtwin.mm.pgtable import PageTables
from mmtwin.mm.vm_flags import VM_ACCOUNT, VM_NORESERVE
from mmtwin.mm.vma import VmaOps
from mmtwin.mm.zap import Zap
from tests.fuzz import twin
from tests.fuzz.recorded import Recording, load

Patch = pytest.MonkeyPatch
PAGE = 4096
ACCOUNTING = VM_ACCOUNT | VM_NORESERVE


@pytest.fixture(scope="module")
def recording() -> Recording:
    return load()


def without_merging(patch: Patch) -> None:
    patch.setattr(VmaOps, "can_vma_merge_left", lambda ops: False)
    patch.setattr(VmaOps, "can_vma_merge_right", lambda ops: False)


def noreserve_merges(patch: Patch) -> None:
    real = VmaOps.is_mergeable_vma

    def mergeable(ops: Any, vma: int) -> bool:
        wanted = ops.vmg[0].flags
        ops.vmg[0].flags = (wanted & ~ACCOUNTING) | (int(ops.vmas[vma].vm_flags) & ACCOUNTING)
        try:
            return bool(real(ops, vma))
        finally:
            ops.vmg[0].flags = wanted

    patch.setattr(VmaOps, "is_mergeable_vma", mergeable)


def small_guard_gap(patch: Patch) -> None:
    real = twin.Booted.start

    def start(booted: twin.Booted) -> twin.Twin:
        run = real(booted)
        run.machine.arena.sysctl[0].stack_guard_gap = 255
        return run

    patch.setattr(twin.Booted, "start", start)


def write_without_copying(patch: Patch) -> None:
    patch.setattr(Memory, "wp_can_reuse", lambda memory, vma, pfn: True)


def two_pages_a_table(patch: Patch) -> None:
    populate, unpopulate = PageTables.populate, PageTables.unpopulate

    def populate_two(tables: Any, mm: int, at: int, shift: int) -> int:
        tables.mms[mm].pgtables_bytes += PAGE
        return int(populate(tables, mm, at, shift))

    def unpopulate_two(tables: Any, mm: int, at: int, slot: int, shift: int) -> int:
        tables.mms[mm].pgtables_bytes -= PAGE
        return int(unpopulate(tables, mm, at, slot, shift))

    patch.setattr(PageTables, "populate", populate_two)
    patch.setattr(PageTables, "unpopulate", unpopulate_two)


def dontneed_keeps_tables(patch: Patch) -> None:
    patch.setattr(Zap, "zap_and_reclaim", Zap.zap_page_range)


def reads_allocate(patch: Patch) -> None:
    real = Memory.do_anonymous_page

    def do_anonymous_page(memory: Any, vma: int, address: int, at: int, write: int) -> int:
        return int(real(memory, vma, address, at, 1))

    patch.setattr(Memory, "do_anonymous_page", do_anonymous_page)


MUTATIONS: dict[str, tuple[Callable[[Patch], None], set[str]]] = {
    "vma merging is off": (without_merging, {"merging"}),
    "noreserve mappings merge with others": (noreserve_merges, {"merging"}),
    "the guard gap is a page too small": (small_guard_gap, {"guard_gap"}),
    "copy on write does not copy": (write_without_copying, {"copy_on_write"}),
    "a page table takes a page too many": (two_pages_a_table, {"page_tables"}),
    "MADV_DONTNEED keeps page tables": (dontneed_keeps_tables, {"page_tables"}),
    "loads allocate a page of zeroes": (reads_allocate, {"copy_on_write", "page_tables"}),
}


def test_the_model_agrees_with_every_recorded_sequence(recording: Recording) -> None:
    assert recording.score(recording.booted("interpreted")) == [
        tape.name for tape in recording.tapes
    ]


@pytest.mark.parametrize(("mutate", "notices"), MUTATIONS.values(), ids=MUTATIONS)
def test_a_wrong_model_is_caught(
    mutate: Callable[[Patch], None],
    notices: set[str],
    recording: Recording,
    monkeypatch: Patch,
) -> None:
    mutate(monkeypatch)
    agreed = recording.score(recording.booted("interpreted"))
    assert not notices & set(agreed)
    assert len(agreed) < len(recording.tapes)
