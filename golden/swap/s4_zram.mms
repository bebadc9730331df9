scenario s4_zram
sys /sys/kernel/mm/transparent_hugepage/enabled never
show /sys/block/zram0/comp_algorithm
sys /sys/block/zram0/comp_algorithm lzo-rle
sys /sys/block/zram0/comp_algorithm nosuch
sys /sys/block/zram0/comp_algorithm lz4
show /sys/block/zram0/comp_algorithm
show /sys/block/zram0/recomp_algorithm
sys /sys/block/zram0/recomp_algorithm algo=zstd
sys /sys/block/zram0/recomp_algorithm algo=deflate priority=2
sys /sys/block/zram0/recomp_algorithm algo=deflate priority=4
sys /sys/block/zram0/recomp_algorithm algo=nosuch
show /sys/block/zram0/recomp_algorithm
sys /sys/block/zram0/backing_dev /dev/vda
show /sys/block/zram0/backing_dev
sys /sys/block/zram0/writeback huge
sys /sys/block/zram0/idle all
sys /sys/block/zram0/recompress type=huge
sys /sys/block/zram0/disksize 64M
sys /sys/block/zram0/disksize 64M
sys /sys/block/zram0/comp_algorithm lz4
sys /sys/block/zram0/backing_dev /dev/vda
show /sys/block/zram0/initstate
show /sys/block/zram0/mm_stat
mkswap /dev/zram0
show /sys/block/zram0/mm_stat
show /sys/block/zram0/io_stat
swapon /dev/zram0 10
show /sys/block/zram0/io_stat
spawn p
mmap A 0x4000000000 16M rw priv,anon
fill A 4M 0
fill A+4M 4M 1 0x55
fill A+8M 4M 3 7 128
fill A+12M 4M 2 9
madvise A 16M pageout
ck s1 zram swaps
show /sys/block/zram0/io_stat
show /sys/block/zram0/bd_stat
show /sys/block/zram0/debug_stat
sys /sys/block/zram0/recompress type=huge
show /sys/block/zram0/mm_stat
sys /sys/block/zram0/recompress type=huge
show /sys/block/zram0/mm_stat
sys /sys/block/zram0/idle all
sys /sys/block/zram0/recompress type=idle threshold=2000
show /sys/block/zram0/mm_stat
sys /sys/block/zram0/recompress type=idle threshold=4096
sys /sys/block/zram0/recompress type=idle
show /sys/block/zram0/mm_stat
sys /sys/block/zram0/recompress type=idle algo=deflate
show /sys/block/zram0/mm_stat
sys /sys/block/zram0/recompress type=nosuch
sys /sys/block/zram0/recompress algo=lzo
sys /sys/block/zram0/writeback_limit_enable 1
sys /sys/block/zram0/writeback_limit 100
sys /sys/block/zram0/writeback huge
show /sys/block/zram0/writeback_limit
show /sys/block/zram0/bd_stat
show /sys/block/zram0/mm_stat
sys /sys/block/zram0/writeback_limit_enable 0
sys /sys/block/zram0/writeback huge
show /sys/block/zram0/bd_stat
show /sys/block/zram0/mm_stat
r A+12M 1M
show /sys/block/zram0/bd_stat
show /sys/block/zram0/mm_stat
sys /sys/block/zram0/idle all
sys /sys/block/zram0/writeback idle
show /sys/block/zram0/bd_stat
show /sys/block/zram0/mm_stat
sys /sys/block/zram0/writeback page_index=1
sys /sys/block/zram0/writeback nosuch
r A 16M
show /sys/block/zram0/bd_stat
show /sys/block/zram0/mm_stat
sys /sys/block/zram0/reset 1
exit 0
show /sys/block/zram0/bd_stat
show /sys/block/zram0/mm_stat
show /sys/block/zram0/io_stat
swapoff /dev/zram0
sys /sys/block/zram0/reset 1
show /sys/block/zram0/mm_stat
show /sys/block/zram0/recomp_algorithm
show /sys/block/zram0/backing_dev
sys /sys/block/zram0/mem_limit 1M
sys /sys/block/zram0/disksize 32M
mkswap /dev/zram0
swapon /dev/zram0
spawn q
q: mmap B 0x4000000000 16M rw priv,anon
q: fill B 8M 3 7 256
q: madvise B 8M pageout
ck s9 zram swaps q.status
show /sys/block/zram0/io_stat
show /sys/block/zram0/mm_stat
q: exit 0
swapoff /dev/zram0
sys /sys/block/zram0/reset 1
