scenario s6_zswap_max
sys /sys/kernel/mm/transparent_hugepage/enabled never
swapon /dev/vda
sys /sys/module/zswap/parameters/compressor lzo
sys /sys/module/zswap/parameters/enabled Y
cg a
sys /cg/a/memory.zswap.max 2M
spawn p a
mmap A 0x4000000000 32M rw priv,anon
fill A 8M 3 7 256
fill A+8M 2M 2 9
ck s0 zswap vmstat cg:a
madvise A 4M pageout
ck s1 zswap vmstat cg:a swaps
madvise A+4M 4M pageout
ck s2 zswap vmstat cg:a swaps
madvise A+8M 2M pageout
ck s3 zswap vmstat cg:a swaps
r A 10M
ck s4 zswap vmstat cg:a swaps stat
cg b
cgrm b
exit 0
sys /sys/module/zswap/parameters/enabled N
cgrm a
swapoff /dev/vda
