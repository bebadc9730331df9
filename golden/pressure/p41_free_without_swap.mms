scenario p41_free_without_swap
# MADV_FREE pages go even without swap; written ones do not.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
mmap A 0x4000000000 14M rw priv,anon
fill A 12M 2 1
madvise A 8M free
w A 1M
open F /mnt/f64m rdonly
pread F 0 12M
ck s1 cg:a status vmstat
r A 12M
ck s2 cg:a stat status
exit 0
reap p
ck end cg:a vmstat
cgrm a
