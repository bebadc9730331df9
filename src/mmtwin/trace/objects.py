"""Key traces: where each object's pages lie in the file that stands for all of them.

An object gets pages of its own, one after another in the order of first sight, as many as its
first size needs. Nobody reads ahead from one object into the next: the trace begins with
posix_fadvise(POSIX_FADV_RANDOM) on the file.

Memory grows with the number of distinct objects (16 bytes each), not with the trace.
"""

from __future__ import annotations

from typing import Any

import numpy as np

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
SMALL_SHARE = 8  # new keys are merged into the big table once they are an eighth of it
Ints = np.ndarray[Any, Any]


class Objects:
    """Keys (u64) to first pages."""

    def __init__(self) -> None:
        self.pages = 0  # given out so far
        self._big = (np.empty(0, np.uint64), np.empty(0, np.uint64))  # sorted keys, first pages
        self._small = (np.empty(0, np.uint64), np.empty(0, np.uint64))

    def __len__(self) -> int:
        return len(self._big[0]) + len(self._small[0])

    def first_pages(self, keys: Ints, sizes: Ints) -> Ints:
        """The first page of each key's object; new ones are placed in order of appearance."""
        unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        place = np.zeros(len(unique), np.uint64)
        found = np.zeros(len(unique), bool)
        for table in (self._big, self._small):
            _look_up(table, unique, place, found)
        new = np.flatnonzero(~found)
        if len(new):
            place[new] = self._place(first[new], sizes)
            self._remember(unique[new], place[new])
        result: Ints = place[inverse]
        return result

    def _place(self, first: Ints, sizes: Ints) -> Ints:
        """Pages for objects first seen at these rows."""
        order = np.argsort(first)
        pages = pages_of(sizes[first[order]])
        starts = np.empty(len(first), np.uint64)
        starts[order] = self.pages + np.cumsum(pages) - pages
        self.pages += int(pages.sum())
        return starts

    def _remember(self, keys: Ints, place: Ints) -> None:
        self._small = _merged(self._small, (keys, place))
        if len(self._small[0]) * SMALL_SHARE > len(self._big[0]):
            self._big = _merged(self._big, self._small)
            self._small = (keys[:0], place[:0])


def pages_of(sizes: Ints) -> Ints:
    """Pages that objects of these many bytes need; an empty one needs one, too."""
    pages: Ints = (np.maximum(sizes, 1).astype(np.uint64) + np.uint64(PAGE_SIZE - 1)) >> np.uint64(
        PAGE_SHIFT
    )
    return pages


def _look_up(table: tuple[Ints, Ints], keys: Ints, place: Ints, found: Ints) -> None:
    known, pages = table
    if not len(known):
        return
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    here = known[at] == keys
    place[here] = pages[at[here]]
    found |= here


def _merged(one: tuple[Ints, Ints], other: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    at = np.searchsorted(one[0], other[0])
    return np.insert(one[0], at, other[0]), np.insert(one[1], at, other[1])
