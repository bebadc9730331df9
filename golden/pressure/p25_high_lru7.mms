scenario p25_high_lru7
# A task slowed down at memory.high.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 7
cgflush 1
cg a
sys /cg/a/memory.high 12M
spawn p a
open F /mnt/f64m rdonly
pread F 0 24M
ck s1 cg:a
mmap A 0 16M rw priv,anon
w A 8M
ck s2 cg:a
pread F 24M 16M
ck s3 cg:a vmstat
exit 0
reap p
ck end cg:a vmstat
cgrm a
