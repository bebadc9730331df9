scenario p46_swap_max
# memory.swap.max reached: what is left is files.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
sys /cg/a/memory.max 16M
spawn p a
sys /cg/a/memory.swap.max 4M
open F /mnt/f64m rdonly
mmap A 0x4000000000 24M rw priv,anon
fill A 14M 2 1
pread F 0 12M
ck s1 cg:a stat vmstat
r A 14M
ck s2 cg:a stat vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
