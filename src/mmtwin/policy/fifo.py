"""First in, first out: uses do not matter."""

import cython

if not cython.compiled:
    from mmtwin.policy.page_list import PageList


@cython.cclass
class Fifo:
    """Pages in the order in which they came."""

    queue: PageList

    def __init__(self, nr_pages):
        self.queue = PageList(nr_pages)

    @cython.ccall
    def insert(self, page: cython.ulonglong, key: cython.ulonglong):
        """The youngest now."""
        self.queue.append(page)

    @cython.ccall
    def access(self, page: cython.ulonglong):
        """Changes nothing."""

    @cython.ccall
    def evict(self) -> cython.ulonglong:
        """The oldest."""
        return self.queue.first()

    @cython.ccall
    def remove(self, page: cython.ulonglong):
        """It has gone."""
        self.queue.remove(page)
