"""Commands that touch memory, page by page; a signal tells how many touches came before it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator

from mmtwin.mm.uapi import (  # fmt: skip
    MADV_DONTNEED,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    PROT_READ,
    PROT_WRITE,
)
from mmtwin.scenario.memory_commands import Answer, Call
from mmtwin.task import SignalError
from mmtwin.units import PAGE_SIZE

MASK = (1 << 64) - 1
FILL_KINDS = ("zero", "value", "stream", "partly")


def xorshift(seed: int) -> Iterator[int]:
    """The language's generator: 13, 7, 17 from a seed."""
    state = (seed * 2654435761 + 88172645463325252) & MASK
    while True:
        state ^= state << 13 & MASK
        state ^= state >> 7
        state ^= state << 17 & MASK
        yield state


def read(call: Call) -> Answer:
    """One byte of each page, or every STRIDE bytes."""
    return call.task.read(call[0], call[1], _positive(call.get(2, PAGE_SIZE)))


def write(call: Call) -> Answer:
    """As read(), storing a byte that is not 0."""
    stride = _positive(call.get(2, PAGE_SIZE))
    if stride == PAGE_SIZE and not call[0] % PAGE_SIZE:
        return call.task.fill(call[0], call[1], "touched")
    return call.task.write(call[0], call[1], stride)


def random_touch(call: Call) -> Answer:
    """COUNT random pages."""
    pages, touch = (
        _positive(call[1] // PAGE_SIZE),
        call.task.write if call.get(4) else call.task.read,
    )
    numbers = xorshift(call[3])
    for done in range(call[2]):
        try:
            touch(call[0] + next(numbers) % pages * PAGE_SIZE)
        except SignalError as error:
            raise type(error)(error.signal, error.code, error.address, done) from None
    return call[2]


def fill(call: Call) -> Answer:
    """Whole pages written. What is written matters to compression and KSM alone."""
    if not 0 <= call[2] < len(FILL_KINDS):
        raise _einval()
    return call.task.fill(call[0], call[1], FILL_KINDS[call[2]], call.get(3, 0), call.get(4, 0))


def vmas(call: Call) -> Answer:
    """Single pages, 8 KiB apart."""
    for done in range(call[1]):
        _map(call, call[0] + done * 2 * PAGE_SIZE, PAGE_SIZE, MAP_FIXED)
    return call[1]


def mmapn(call: Call) -> Answer:
    """N areas wherever there is room."""
    for _ in range(call[0]):
        address = _map(call, 0, call[1], 0)
        if call.get(2):
            call.task.write(address, call[1])
    return call[0]


def punch(call: Call) -> Answer:
    """MADV_DONTNEED on one page every STEP bytes."""
    places = range(0, call[1], _positive(call[2]))
    for at in places:
        call.task.madvise(call[0] + at, PAGE_SIZE, MADV_DONTNEED)
    return len(places)


def _map(call: Call, address: int, length: int, flags: int) -> int:
    flags |= MAP_PRIVATE | MAP_ANONYMOUS
    return call.task.mmap(address, length, PROT_READ | PROT_WRITE, flags)


def _positive(number: int) -> int:
    if number <= 0:
        raise _einval()
    return number


def _einval() -> OSError:
    return OSError(errno.EINVAL, os.strerror(errno.EINVAL))


TOUCH_COMMANDS: dict[str, Callable[[Call], Answer]] = {
    "r": read, "w": write, "rnd": random_touch, "fill": fill, "vmas": vmas, "mmapn": mmapn,
    "punch": punch,
}  # fmt: skip
