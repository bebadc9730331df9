scenario p53_zswap_in_group
# zswap in front of the disk, in a group.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
sys /sys/module/zswap/parameters/enabled Y
swapon /dev/vda
cg a
sys /cg/a/memory.max 16M
spawn p a
mmap A 0x4000000000 24M rw priv,anon
fill A 8M 3 7 64
fill A+8M 16M 3 9 300
ck s1 cg:a zswap vmstat
r A 24M
ck s2 cg:a zswap stat vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
sys /sys/module/zswap/parameters/enabled N
