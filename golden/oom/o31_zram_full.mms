scenario o31_zram_full
# Swap is 16 MiB of zram in all.
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/block/zram0/disksize 16M
mkswap /dev/zram0
swapon /dev/zram0
cg a
sys /cg/a/memory.max 32M
spawn p a
p: mmap P 0 64M rw priv,anon
p: fill P 64M 1 7
reap p
ck end cg:a vmstat
swapoff /dev/zram0
sys /sys/block/zram0/reset 1
