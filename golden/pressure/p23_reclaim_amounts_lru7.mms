scenario p23_reclaim_amounts_lru7
# memory.reclaim of several amounts.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 7
cgflush 1
swapon /dev/vda
cg a
spawn p a
open F /mnt/f64m rdonly
mmap A 0x4000000000 16M rw priv,anon
fill A 8M 2 1
pread F 0 12M
ck s0 cg:a
sys /cg/a/memory.reclaim 256K
ck s1 cg:a
sys /cg/a/memory.reclaim 2M
ck s2 cg:a
sys /cg/a/memory.reclaim 8M
ck s3 cg:a vmstat
sys /cg/a/memory.reclaim 32M
ck s4 cg:a vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
