scenario p02_scan_twice_lru7
# A file larger than the limit, read twice from end to end.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 7
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
open F /mnt/f64m rdonly
pread F 0 24M
ck s1 cg:a vmstat
pread F 0 24M
ck s2 cg:a vmstat
exit 0
reap p
ck end cg:a vmstat
cgrm a
