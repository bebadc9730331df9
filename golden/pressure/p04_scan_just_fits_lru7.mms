scenario p04_scan_just_fits_lru7
# A file just smaller than the limit, then one just larger.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 7
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
open F /mnt/f64m rdonly
pread F 0 14M
pread F 0 14M
ck s1 cg:a
pread F 0 17M
pread F 0 17M
pread F 0 17M
ck s2 cg:a vmstat
exit 0
reap p
ck end cg:a vmstat
cgrm a
