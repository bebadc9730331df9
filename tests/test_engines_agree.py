"""Interpreted, compiled and bounds-checked engines are one model."""

from __future__ import annotations

from mmtwin.machine import Machine

from .conftest import built_engines


def test_a_booted_machine_is_the_same_in_every_engine() -> None:
    digests = {kind: Machine(engine=kind).arena.digest() for kind in built_engines()}
    assert len(set(digests.values())) == 1, digests
