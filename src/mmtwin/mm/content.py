"""What a page holds, as far as compression can tell: Page.content.

Stands in: 0 is unknown, 1 is zeros.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import u32

CONTENT_UNKNOWN = cython.declare(cython.const[cython.uint], 0)
CONTENT_ZERO = cython.declare(cython.const[cython.uint], 1)


@cython.final
@cython.cclass
class Content:
    """Classes of contents."""

    def __init__(self, arena, config):
        pass

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_zero(self, content: u32) -> cython.bint:
        """All zeros."""
        return content == CONTENT_ZERO
