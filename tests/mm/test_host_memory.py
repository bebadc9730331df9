"""Memory under the arrays: what was touched is found again, whichever kind it is."""

from __future__ import annotations

import ctypes
import os

import numpy as np
import pytest

from mmtwin.mm import host_memory
from mmtwin.mm.arena import Arena

PAGE = 4096
SIZE = 64 << 20
TOUCHED = [0, 5 * PAGE + 7, 3 << 20, (33 << 20) + 1, SIZE - 1]


def covered(extents: list[tuple[int, int]], at: int) -> bool:
    return any(start <= at < end for start, end in extents)


@pytest.fixture
def huge() -> ctypes.Array[ctypes.c_char]:
    area = host_memory.map_huge(SIZE)
    if area is None:
        pytest.skip("this host does not say what of private memory was touched")
    return area  # type: ignore[no-any-return]


def test_private_memory_tells_what_was_touched_and_little_else(
    huge: ctypes.Array[ctypes.c_char],
) -> None:
    address = ctypes.addressof(huge)
    assert address % host_memory.HUGE == 0
    assert list(host_memory.memory_extents(address, SIZE)) == []
    for at in TOUCHED:
        huge[at] = b"x"
    extents = list(host_memory.memory_extents(address, SIZE))
    assert all(covered(extents, at) for at in TOUCHED)
    assert all(0 <= start < end <= SIZE for start, end in extents)
    assert sum(end - start for start, end in extents) <= len(TOUCHED) * host_memory.HUGE


def test_a_part_of_the_file_tells_what_was_touched_page_by_page() -> None:
    fd = host_memory.memory_file()
    if fd < 0:
        pytest.skip("this host has no memfd_create")
    os.ftruncate(fd, 2 * SIZE)
    area = host_memory.map_file(fd, SIZE, SIZE)
    for at in TOUCHED:
        area[at] = b"x"
    extents = list(host_memory.file_extents(fd, SIZE, SIZE))
    assert all(covered(extents, at) for at in TOUCHED)
    assert sum(end - start for start, end in extents) == len(TOUCHED) * PAGE
    os.close(fd)


def test_without_a_pagemap_there_is_no_private_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_memory, "_PAGEMAP", "/proc/self/no-such-file")
    assert host_memory.map_huge(SIZE) is None


@pytest.mark.parametrize("pagemap", [True, False])
def test_an_arena_is_copied_and_hashed_the_same_over_either_kind(
    pagemap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not pagemap:
        monkeypatch.setattr(host_memory, "_PAGEMAP", "/proc/self/no-such-file")
    one, two = Arena(compiled=True), Arena(compiled=True)
    for arena in (one, two):
        arena.array("numbers", "u64", 1 << 24, huge=True)
    for at in (3, 70_000, (1 << 24) - 1):
        one.numbers[at] = at
    two.copy_from(one)
    assert two.digest() == one.digest()
    assert one.where_set("numbers") == two.where_set("numbers") == [3, 70_000, (1 << 24) - 1]
    plain = Arena(compiled=False)
    plain.array("numbers", "u64", 1 << 24)
    plain.fill("numbers", one.blocks("numbers"))
    assert plain.digest() == one.digest()
    assert np.count_nonzero(two.numpy("numbers")) == 3
