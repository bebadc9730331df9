scenario p21_mix_swappiness_200_lru7
# The same with MGLRU.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 7
cgflush 1
sys /proc/sys/vm/swappiness 200
swapon /dev/vda
cg a
sys /cg/a/memory.max 24M
spawn p a
open F /mnt/f64m rdonly
mmap A 0x4000000000 16M rw priv,anon
fill A 12M 2 1
pread F 0 10M
pread F 0 10M
ck s1 cg:a stat
pread F 10M 20M
ck s2 cg:a stat vmstat
r A 12M
pread F 0 10M
ck s3 cg:a stat vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
sys /proc/sys/vm/swappiness 60
