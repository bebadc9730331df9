scenario p51_cache_of_the_dead
# What a dead group cached is its parent's.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
cgsub a
cg a/x
spawn p a/x
open F /mnt/f64m rdonly
pread F 0 8M
ck s1 cg:a cg:a/x
exit 0
reap p
cgrm a/x
ck s2 cg:a
sys /cg/a/memory.reclaim 4M
ck s3 cg:a
cgrm a
