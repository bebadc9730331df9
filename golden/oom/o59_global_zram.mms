scenario o59_global_zram
# The machine's memory and 16 MiB of zram.
sys /sys/kernel/mm/transparent_hugepage/enabled never
drop
sys /sys/block/zram0/disksize 16M
mkswap /dev/zram0
swapon /dev/zram0
spawn p
p: mmap P 0x4000000000 2G rw priv,anon,noreserve
p: w P 2G
reap p
ck end vmstat
swapoff /dev/zram0
sys /sys/block/zram0/reset 1
