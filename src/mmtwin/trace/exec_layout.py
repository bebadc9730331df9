"""Finds where execve put a program, its interpreter and the heap, from what the program did next.

With ASLR these addresses are in no line of a strace, but they show:

    execve("/usr/bin/ls")                    program and interpreter are mapped somewhere
    brk(NULL) = 0x55fa5f686000               the heap starts here
    mprotect(0x55fa2645a000, 4096, READ)     RELRO of the program: not in memory that mmap gave,
                                             and as long as its PT_GNU_RELRO: base = start - vaddr
    mprotect(0x7f441c87a000, 8192, READ)     RELRO of the interpreter, the same way

`with_layouts` holds events back after an execve until that is known, and puts an `exec_layout`
row behind the execve: addr is the program's load bias, addr2 the interpreter's, offset the start
of the heap, length the room that the kernel left below the interpreter (for vvar and vdso, from
6.10 on); 0 is not known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mmtwin.elf_image import ET_DYN, ET_EXEC, PAGE_MASK, ElfImage, page_align
from mmtwin.trace.elf import ElfSet, relro
from mmtwin.trace.events import Event

HELD_BACK = 100_000  # events after an execve that are searched at most
PROT_READ = 1
ELF_ET_DYN_BASE = 0x555555554000  # where programs stand without ASLR


@dataclass
class Search:
    """What is known so far about one execve."""

    event: Event
    program: ElfImage | None
    interp: ElfImage | None
    base: int = 0
    interp_base: int = 0
    start_brk: int = 0
    done: bool = False
    top: int = 0  # end of the highest mapping that the kernel placed below the interpreter
    _mapped: list[tuple[int, int]] = field(default_factory=list)
    _relro: list[tuple[int, int]] = field(default_factory=list)

    def see(self, e: Event) -> None:
        """Take one later event of the same process into account."""
        if e.op == "brk":
            self.start_brk = self.start_brk or e.result
        elif e.op == "mmap" and e.result >= 0:
            self._mapped.append((e.result, e.result + page_align(e.length)))
        elif e.op == "mprotect" and e.prot == PROT_READ and e.result == 0:
            self._see_relro(e.addr, page_align(e.length))
        elif e.op in ("execve", "exit_group", "killed") or (e.op == "exited" and e.tid == e.pid):
            self.conclude()
            return
        if self.start_brk and self._all_placed():
            self.conclude()

    def _see_relro(self, start: int, length: int) -> None:
        if not any(low < start + length and start < high for low, high in self._mapped):
            self._relro.append((start, length))
            self._place()

    def _all_placed(self) -> bool:
        program = self.program is None or self.program.type == ET_EXEC or self.base != 0
        return program and (self.interp is None or self.interp_base != 0)

    def _place(self) -> None:
        """The program lies below the heap, the interpreter above it."""
        for start, length in self._relro:
            for elf, is_program in ((self.program, True), (self.interp, False)):
                base = _base_for(elf, start, length)
                if base is None or not self._on_right_side(base, is_program):
                    continue
                if is_program:
                    self.base = self.base or base
                else:
                    self.interp_base = self.interp_base or base

    def _on_right_side(self, base: int, is_program: bool) -> bool:
        if self.interp is None or self.program is None:
            return True
        if self.program.type == ET_EXEC and is_program:
            return False  # its address is no question
        other = self.interp_base if is_program else self.base
        if self.start_brk:
            return (base < self.start_brk) == is_program
        return other != base

    def conclude(self) -> None:
        """No more will be known."""
        if self.program and self.program.type == ET_DYN and not self.base:
            end = self.program.extent()[1]
            if self.start_brk == ELF_ET_DYN_BASE + end:  # no ASLR: nothing between bss and heap
                self.base = ELF_ET_DYN_BASE
        below = (end for _, end in self._mapped if end <= self.interp_base)
        self.top = max(below, default=0)
        self.done = True

    def row(self) -> Event:
        """The exec_layout event."""
        e = self.event
        return Event(
            e.time_ns,
            e.line,
            e.pid,
            e.tid,
            "exec_layout",
            length=self.interp_base - self.top if self.top else 0, addr=self.base,
            addr2=self.interp_base, offset=self.start_brk, file=e.file,
        )  # fmt: skip


def _base_for(elf: ElfImage | None, start: int, length: int) -> int | None:
    """The load bias under which this mprotect is the one of the ELF's RELRO."""
    if elf is None or elf.type != ET_DYN:
        return None
    found = relro(elf)
    if found is None or found[1] != length or start < found[0]:
        return None
    return (start - found[0]) & PAGE_MASK


def with_layouts(events: Iterable[Event], elfs: ElfSet) -> Iterator[Event]:
    """The same events, with an exec_layout row behind each execve that has none yet."""
    queue: deque[Event | Search] = deque()
    searching: dict[int, Search] = {}
    for e in events:
        if (search := searching.get(e.pid)) is not None:
            if e.op == "exec_layout" and e.line == search.event.line:
                search.base, search.interp_base, search.start_brk = e.addr, e.addr2, e.offset
                search.done = True
                del searching[e.pid]
                yield from _known(queue)
                continue
            search.see(e)
            if search.done:
                del searching[e.pid]
        queue.append(e)
        if e.op == "execve" and e.result == 0:
            program = elfs.find(e.file)
            interp = elfs.find(program.interp) if program and program.interp else None
            searching[e.pid] = search = Search(e, program, interp)
            queue.append(search)
        if len(queue) > HELD_BACK:
            oldest = next(s for s in queue if isinstance(s, Search))
            oldest.conclude()
            searching.pop(oldest.event.pid, None)
        yield from _known(queue)
    for search in searching.values():
        search.conclude()
    yield from _known(queue)


def _known(queue: deque[Event | Search]) -> Iterator[Event]:
    """What stands before the first search that is still open."""
    while queue:
        head = queue[0]
        if isinstance(head, Search):
            if not head.done:
                return
            yield head.row()
        else:
            yield head
        queue.popleft()
