scenario p43_page_cluster_0
# Swap-in readahead of another width.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
sys /proc/sys/vm/page-cluster 0
swapon /dev/vda
cg a
sys /cg/a/memory.max 16M
spawn p a
mmap A 0x4000000000 24M rw priv,anon
fill A 24M 2 1
r A 24M
ck s1 cg:a stat vmstat
rnd A 24M 2000 5
ck s2 cg:a stat vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
sys /proc/sys/vm/page-cluster 3
