"""Least recently used, strictly: what the kernel's two lists approximate."""

import cython

if not cython.compiled:
    from mmtwin.policy.page_list import PageList


@cython.cclass
class Lru:
    """Pages in the order of their last use."""

    queue: PageList

    def __init__(self, nr_pages):
        self.queue = PageList(nr_pages)

    @cython.ccall
    def insert(self, page: cython.ulonglong, key: cython.ulonglong):
        """Used just now."""
        self.queue.append(page)

    @cython.ccall
    def access(self, page: cython.ulonglong):
        """Used just now."""
        self.queue.move_to_end(page)

    @cython.ccall
    def evict(self) -> cython.ulonglong:
        """The one that was not used for longest."""
        return self.queue.first()

    @cython.ccall
    def remove(self, page: cython.ulonglong):
        """It has gone."""
        self.queue.remove(page)
