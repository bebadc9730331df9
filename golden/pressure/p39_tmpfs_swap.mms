scenario p39_tmpfs_swap
# A file of tmpfs in swap.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
sys /cg/a/memory.max 16M
spawn p a
open T /tmp/t rdwr,creat,trunc 0644
pwrite T 0 24M
ck s1 cg:a
pread T 0 24M
ck s2 cg:a vmstat
close T
unlink /tmp/t
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
