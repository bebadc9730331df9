"""S3-FIFO (Yang and others, SOSP 2023): a small queue, a main one, and a memory of what went."""

import cython

if not cython.compiled:
    from mmtwin.policy.page_list import PageList


@cython.cclass
class S3Fifo:
    """A tenth is on probation; what is used there, or comes back soon after, is kept."""

    small: PageList
    main: PageList
    uses: cython.uchar[::1]
    in_main: cython.uchar[::1]
    keys: dict
    ghosts: dict  # keys that went from the small queue, the oldest first
    victim: cython.ulonglong

    def __init__(self, nr_pages):
        self.small, self.main = PageList(nr_pages), PageList(nr_pages)
        self.uses, self.in_main = bytearray(nr_pages), bytearray(nr_pages)
        self.keys, self.ghosts, self.victim = {}, {}, 0

    @cython.ccall
    def insert(self, page: cython.ulonglong, key: cython.ulonglong):
        self.uses[page], self.keys[page] = 0, key
        self.in_main[page] = self.ghosts.pop(key, 0)
        (self.main if self.in_main[page] else self.small).append(page)

    @cython.ccall
    def access(self, page: cython.ulonglong):
        self.uses[page] = min(self.uses[page] + 1, 3)

    @cython.ccall
    def evict(self) -> cython.ulonglong:
        page: cython.ulonglong = self.small.first() or self.main.first()
        while page:
            probation: cython.bint = self.small.nr * 9 >= self.main.nr
            page = self.victim = (self.small if probation else self.main).first()
            if self.uses[page] <= (1 if probation else 0):
                break
            (self.small if probation else self.main).remove(page)
            self.uses[page] = 0 if probation else self.uses[page] - 1
            self.in_main[page] = 1
            self.main.append(page)
        return page

    @cython.ccall
    def remove(self, page: cython.ulonglong):
        (self.main if self.in_main[page] else self.small).remove(page)
        if page == self.victim and not self.in_main[page]:
            self.ghosts[self.keys[page]] = 1
            if len(self.ghosts) > self.main.nr + self.small.nr:
                del self.ghosts[next(iter(self.ghosts))]
