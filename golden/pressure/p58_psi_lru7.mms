scenario p58_psi_lru7
# Stall time of thrashing.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 7
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
open F /mnt/f64m rdonly
ck s0 psi
pread F 0 20M
pread F 0 20M
pread F 0 20M
ck s1 psi cg:a vmstat
exit 0
reap p
ck end cg:a vmstat
cgrm a
