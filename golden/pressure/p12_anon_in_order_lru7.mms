scenario p12_anon_in_order_lru7
# Anonymous memory of twice the limit, filled and read in order.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 7
cgflush 1
swapon /dev/vda
cg a
sys /cg/a/memory.max 16M
spawn p a
mmap A 0x4000000000 32M rw priv,anon
fill A 32M 2 1
ck s1 cg:a stat status
r A 32M
ck s2 cg:a stat vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
