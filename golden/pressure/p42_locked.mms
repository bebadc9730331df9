scenario p42_locked
# Locked pages stay under pressure.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
sys /cg/a/memory.max 16M
spawn p a
mmap A 0x4000000000 24M rw priv,anon
fill A 4M 2 1
mlock A 4M
fill A+4M 18M 2 2
ck s1 cg:a status stat vmstat
munlock A 4M
r A+4M 18M
ck s2 cg:a status stat
exit 0
reap p
ck end cg:a vmstat swaps
cgrm a
swapoff /dev/vda
