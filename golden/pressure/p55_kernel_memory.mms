scenario p55_kernel_memory
# Page tables and inodes are charged and given back.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
spawn p a
ck s0 cg:a
mmap B 0x8000000000 2G rw priv,anon,noreserve
r B 2G 2M
ck s1 cg:a status
mkdir /tmp/k
mkfiles /tmp/k 300
ck s2 cg:a
rmfiles /tmp/k 300
munmap B 2G
ck s3 cg:a
exit 0
reap p
ck end cg:a vmstat
cgrm a
