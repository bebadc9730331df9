scenario p05_hot_and_scan_lru0
# A hot part read often, then a scan, then the hot part again.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
open F /mnt/f64m rdonly
pread F 0 6M
pread F 0 6M
pread F 0 6M
ck s1 cg:a
pread F 8M 40M
ck s2 cg:a vmstat
pread F 0 6M
ck s3 cg:a vmstat
exit 0
reap p
ck end cg:a vmstat
cgrm a
