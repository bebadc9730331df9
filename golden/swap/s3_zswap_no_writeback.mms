scenario s3_zswap_no_writeback
sys /sys/kernel/mm/transparent_hugepage/enabled never
swapon /dev/vda
sys /sys/module/zswap/parameters/compressor lzo
sys /sys/module/zswap/parameters/enabled Y
cg a
cgsub a
cg a/b
sys /cg/a/memory.zswap.writeback 0
sys /cg/a/memory.zswap.max 4M
show /cg/a/b/memory.zswap.writeback
spawn p a/b
mmap A 0x4000000000 32M rw priv,anon
fill A 8M 3 7 256
fill A+8M 4M 2 9
fill A+12M 4M 0
fill A+16M 4M 1 0x77
ck s0 zswap vmstat cg:a/b
madvise A+8M 12M pageout
ck s1 zswap vmstat cg:a/b swaps
madvise A 8M pageout
ck s2 zswap vmstat cg:a/b swaps status
sys /cg/a/memory.zswap.writeback 1
madvise A 8M pageout
madvise A+8M 4M pageout
ck s3 zswap vmstat cg:a/b swaps status
r A 32M
ck s4 zswap vmstat cg:a/b
exit 0
sys /sys/module/zswap/parameters/enabled N
cgrm a/b
cgrm a
swapoff /dev/vda
