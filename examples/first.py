"""A machine, a process, a fork: what each of them costs in pages and faults."""

from mmtwin.machine import Machine
from mmtwin.mm.uapi import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE

machine = Machine(ram="1G", cpus=2)
parent = machine.spawn("parent")
data = parent.mmap(0, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
parent.write(data, 16 << 20)  # touches every page of the first 16 MiB
child = parent.fork()
child.write(data, 1 << 20)  # copy-on-write
print(f"faults: parent {parent.min_flt}, child {child.min_flt}")
print(machine.read(f"/proc/{child.pid}/smaps_rollup"), end="")
machine.check()  # recounts everything from scratch
