"""A demand-zero fault, everything counted."""

from __future__ import annotations

from figures import BASE, PAGE, Figure, machine_with_mapping, median_seconds

PAGES = 1 << 18  # 1 GiB


def figures(repeat: int) -> list[Figure]:
    machine = machine_with_mapping(PAGES)
    vma = machine.vma_tree.find_vma(machine.arena.current[0].mm, BASE)

    def touch() -> None:
        machine.access.touch_range(BASE, PAGES * PAGE, PAGE, 1)

    def zap() -> None:
        machine.memory.zap_page_range(vma, BASE, BASE + PAGES * PAGE)

    touch()  # the host's own first touches of the arrays
    seconds = median_seconds(touch, repeat, zap)
    return [Figure("demand-zero fault", seconds / PAGES * 1e9, "ns", 150)]
