scenario p48_swapoff
# swapoff brings everything back.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
spawn p a
mmap A 0x4000000000 16M rw priv,anon
fill A 12M 2 1
madvise A 8M pageout
ck s1 cg:a vmstat swaps status
swapoff /dev/vda
ck s2 cg:a vmstat status
exit 0
reap p
ck end cg:a vmstat
cgrm a
