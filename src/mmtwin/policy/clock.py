"""CLOCK: first in, first out, with a second chance for what was used since it came by."""

import cython

if not cython.compiled:
    from mmtwin.policy.page_list import PageList


@cython.cclass
class Clock:
    """The hand stands at the list's beginning."""

    circle: PageList
    used: cython.uchar[::1]

    def __init__(self, nr_pages):
        self.circle = PageList(nr_pages)
        self.used = bytearray(nr_pages)

    @cython.ccall
    def insert(self, page: cython.ulonglong, key: cython.ulonglong):
        """Behind the hand, not used yet."""
        self.used[page] = 0
        self.circle.append(page)

    @cython.ccall
    def access(self, page: cython.ulonglong):
        """Earns a second chance."""
        self.used[page] = 1

    @cython.ccall
    def evict(self) -> cython.ulonglong:
        """The first that the hand finds unused."""
        page: cython.ulonglong = self.circle.first()
        while page and self.used[page]:
            self.used[page] = 0
            self.circle.move_to_end(page)
            page = self.circle.first()
        return page

    @cython.ccall
    def remove(self, page: cython.ulonglong):
        """It has gone."""
        self.circle.remove(page)
