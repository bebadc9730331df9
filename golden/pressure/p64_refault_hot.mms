scenario p64_refault_hot
# Shadow entries: refaults within and beyond the active list.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
open F /mnt/f64m rdonly
pread F 0 4M
pread F 0 4M
pread F 4M 20M
pread F 4M 8M
ck s1 cg:a
pread F 24M 30M
pread F 4M 8M
ck s2 cg:a vmstat
mmap A 0 16M rw priv,anon
w A 8M
pread F 4M 4M
ck s3 cg:a vmstat
exit 0
reap p
ck end cg:a vmstat
cgrm a
