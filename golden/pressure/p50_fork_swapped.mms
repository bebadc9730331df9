scenario p50_fork_swapped
# A family whose shared pages are in swap.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
spawn p a
mmap A 0x4000000000 8M rw priv,anon
fill A 8M 2 1
fork c
madvise A 8M pageout
ck s1 cg:a p.status c.status vmstat
c: madvise A 8M pageout
ck s2 cg:a p.status c.status
c: r A 4M
w A 4M
ck s3 cg:a p.status c.status p.stat c.stat vmstat
c: exit 0
reap c
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
