scenario p49_two_areas
# Two swap areas by priority: a small one first.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
sys /sys/block/zram0/disksize 4M
mkswap /dev/zram0
swapon /dev/zram0 10
swapon /dev/vda 5
cg a
sys /cg/a/memory.max 16M
spawn p a
mmap A 0x4000000000 32M rw priv,anon
fill A 28M 2 1
ck s1 cg:a swaps vmstat
r A 28M
ck s2 cg:a swaps stat
exit 0
reap p
cgrm a
swapoff /dev/zram0
swapoff /dev/vda
sys /sys/block/zram0/reset 1
