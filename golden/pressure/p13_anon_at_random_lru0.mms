scenario p13_anon_at_random_lru0
# Anonymous memory of 1.25 times the limit, at random.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
sys /cg/a/memory.max 16M
spawn p a
mmap A 0x4000000000 20M rw priv,anon
fill A 20M 2 1
rnd A 20M 4000 3
ck s1 cg:a stat vmstat
rnd A 20M 4000 4 1
ck s2 cg:a stat vmstat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
