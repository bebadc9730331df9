"""fork() of a task with 1 GiB resident."""

from __future__ import annotations

from figures import BASE, PAGE, Figure, machine_with_mapping, median_seconds

PAGES = 1 << 18


def figures(repeat: int) -> list[Figure]:
    machine = machine_with_mapping(PAGES)
    machine.access.touch_range(BASE, PAGES * PAGE, PAGE, 1)
    parent = int(machine.arena.current[0].task)
    children: list[int] = []

    def fork() -> None:
        children.append(machine.processes.copy_process(0, 100 + len(children)))

    def end_child() -> None:
        if children:
            machine.processes.switch_to(children[-1], 0)
            machine.processes.do_exit(0)
            machine.processes.switch_to(parent, 0)

    fork()
    seconds = median_seconds(fork, repeat, end_child)
    return [Figure("fork of 1 GiB resident", seconds * 1e3, "ms", 10)]
