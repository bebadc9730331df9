scenario p54_zram_only
# Swap on zram alone.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
sys /sys/block/zram0/disksize 64M
mkswap /dev/zram0
swapon /dev/zram0
cg a
sys /cg/a/memory.max 16M
spawn p a
mmap A 0x4000000000 24M rw priv,anon
fill A 8M 3 7 64
fill A+8M 8M 1 5
fill A+16M 8M 2 9
ck s1 cg:a zram vmstat
r A 24M
ck s2 cg:a zram stat vmstat
exit 0
reap p
cgrm a
swapoff /dev/zram0
sys /sys/block/zram0/reset 1
