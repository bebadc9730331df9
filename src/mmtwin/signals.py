"""Signals that end an access or a call of a task, as exceptions."""

from __future__ import annotations

from mmtwin.mm.uapi import SIGBUS, SIGKILL, SIGSEGV


class SignalError(Exception):
    """A signal that ends the access that caused it: number, si_code, address, touches before."""

    def __init__(self, signal: int, code: int, address: int, done: int) -> None:
        names = {SIGSEGV: "SIGSEGV", SIGBUS: "SIGBUS", SIGKILL: "SIGKILL"}
        super().__init__(f"{names.get(signal, signal)} code {code} at {address:#x}")
        self.signal, self.code, self.address, self.done = signal, code, address, done


class SegmentationFault(SignalError):
    """SIGSEGV: nothing is mapped there (code 1), or it may not be accessed so (code 2)."""


class BusError(SignalError):
    """SIGBUS: behind the end of the file, or its page cannot be had."""


class Killed(SignalError):
    """SIGKILL: out of memory."""


class Livelock(SignalError):
    """No signal: the task faults for ever, for nobody may be killed to give it memory."""
