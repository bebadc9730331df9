scenario p37_shmem_swap_lru0
# Shared memory in swap, written and read again.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
sys /cg/a/memory.max 16M
spawn p a
mmap S 0 24M rw shared,anon
fill S 24M 2 1
ck s1 cg:a stat status
r S 24M
ck s2 cg:a stat vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
