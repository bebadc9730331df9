scenario p63_drop_under_limit
# drop_caches, and what comes back.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
open F /mnt/f64m rdonly
pread F 0 12M
pread F 0 6M
ck s1 cg:a
sys /proc/sys/vm/drop_caches 1
ck s2 cg:a vmstat
pread F 0 12M
ck s3 cg:a vmstat
fadvise F 0 6M dontneed
ck s4 cg:a
exit 0
reap p
ck end cg:a vmstat
cgrm a
