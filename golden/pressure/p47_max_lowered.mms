scenario p47_max_lowered
# The limit is lowered in steps, swap is there.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
spawn p a
open F /mnt/f64m rdonly
mmap A 0x4000000000 16M rw priv,anon
fill A 12M 2 1
pread F 0 12M
sys /cg/a/memory.max 20M
ck s1 cg:a
sys /cg/a/memory.max 12M
ck s2 cg:a
sys /cg/a/memory.max 4M
ck s3 cg:a vmstat
sys /cg/a/memory.max max
r A 12M
ck s4 cg:a stat vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
