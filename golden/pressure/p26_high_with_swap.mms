scenario p26_high_with_swap
# memory.high with swap.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
sys /cg/a/memory.high 12M
spawn p a
mmap A 0x4000000000 32M rw priv,anon
fill A 24M 2 1
ck s1 cg:a stat
r A 24M
ck s2 cg:a stat vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
