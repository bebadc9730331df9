"""A list of pages for policies, oldest first; every operation takes the same short time.

Links lie in two arrays indexed by page; 0, which is no page, stands for both ends.
"""

import cython

if not cython.compiled:
    from array import array


@cython.final
@cython.cclass
class PageList:
    """Pages in order; a page stands in it once at most."""

    after: cython.uint[::1]
    before: cython.uint[::1]
    nr: cython.int

    def __init__(self, nr_pages):
        if cython.compiled:
            self.after = numpy.zeros(nr_pages, numpy.uint32)  # type: ignore[name-defined] # noqa
            self.before = numpy.zeros(nr_pages, numpy.uint32)  # type: ignore[name-defined] # noqa
        else:
            self.after = array("I", bytes(4 * nr_pages))
            self.before = array("I", bytes(4 * nr_pages))
        self.nr = 0

    @cython.ccall
    def append(self, page: cython.ulonglong) -> cython.void:
        """At the end, as the youngest."""
        last: cython.uint = self.before[0]
        self.after[last] = cython.cast(cython.uint, page)
        self.before[page] = last
        self.after[page] = 0
        self.before[0] = cython.cast(cython.uint, page)
        self.nr += 1

    @cython.ccall
    def remove(self, page: cython.ulonglong) -> cython.void:
        """Out of it."""
        before: cython.uint = self.before[page]
        after: cython.uint = self.after[page]
        self.after[before] = after
        self.before[after] = before
        self.nr -= 1

    @cython.ccall
    def first(self) -> cython.ulonglong:
        """The oldest, 0 if there is none."""
        return self.after[0]

    @cython.ccall
    def move_to_end(self, page: cython.ulonglong) -> cython.void:
        """As if it had just come."""
        self.remove(page)
        self.append(page)
