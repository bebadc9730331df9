scenario s5_swap_files
sys /sys/kernel/mm/transparent_hugepage/enabled never
spawn p
open F /mnt/swap1 rdwr,creat 0600
fallocate F 0 8M
mkswap /mnt/swap1
swapon /mnt/swap1 5
ck s0 swaps meminfo
pwrite F 0 4K
ftruncate F 1M
ftruncate F 16M
ck s0b swaps
fallocate F 0 4K keepsize
unlink /mnt/swap1
swapon /mnt/swap1
mkswap /mnt/swap1
open G /mnt/swap2 rdwr,creat 0600
ftruncate G 4M
mkswap /mnt/swap2
swapon /mnt/swap2
pwrite G 0 4M
mkswap /mnt/swap2
swapon /mnt/swap2 5
open T /tmp/swap3 rdwr,creat 0600
pwrite T 0 1M
mkswap /tmp/swap3
swapon /tmp/swap3
swapon /mnt
swapon /mnt/nosuch
ck s1 swaps meminfo
mmap A 0x4000000000 12M rw priv,anon
fill A 8M 3 7 256
madvise A 8M pageout
ck s2 swaps status vmstat
mmap B 0x5000000000 1M rw shared F 0
r A 8M
ck s3 swaps status vmstat
swapoff /mnt/swap1
swapoff /mnt/swap1
unlink /mnt/swap1
swapoff /mnt/swap2
swapoff /mnt/nosuch
ck s4 swaps
exit 0
