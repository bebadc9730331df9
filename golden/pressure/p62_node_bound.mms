scenario p62_node_bound
# One node is full, the other is not.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
spawn p
open F /mnt/f64m rdonly
setpol bind 1
mmap A 0x4000000000 1G rw priv,anon,noreserve
w A 430M
ck s0 node0 node1 vmstat
pread F 0 64M
ck s1 node0 node1 vmstat zoneinfo
setpol default
exit 0
reap p
