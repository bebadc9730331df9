scenario p34_dirty_file_lru0
# A file written under a limit, and read again.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
open W /mnt/new rdwr,creat,trunc 0644
pwrite W 0 20M
ck s1 cg:a
fsync W
ck s2 cg:a
pread W 0 20M
ck s3 cg:a vmstat
close W
unlink /mnt/new
exit 0
reap p
ck end cg:a vmstat
cgrm a
