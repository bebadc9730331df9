scenario p40_advice
# MADV_COLD, MADV_FREE and MADV_PAGEOUT before reclaim.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
spawn p a
mmap A 0x4000000000 16M rw priv,anon
fill A 16M 2 1
drain
madvise A 4M cold
madvise A+4M 4M free
madvise A+8M 2M pageout
ck s1 cg:a status vmstat
sys /cg/a/memory.reclaim 6M
ck s2 cg:a status vmstat pm:A:16M
r A 16M
ck s3 cg:a stat vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
