"""Block devices: when a request is done.

Stands in until devices are modelled: every request is done at once.

Models block/blk-mq.c, as far as memory sees it: submit_bio(), bio_endio().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import Clock
    from mmtwin.mm.types import u32, u64


@cython.final
@cython.cclass
class Block:
    """The devices and what is under way on them."""

    clock: Clock

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock = m.clock

    def __init__(self, arena, config):
        pass

    @cython.ccall
    @cython.nogil
    def complete(self, device: u32) -> u64:
        """End the requests of a device that are done by now: when the next one will be, or 0."""
        return 0
