scenario p36_dirty_map
# A mapped file written under a limit.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
open W /mnt/new rdwr,creat,trunc 0644
pwrite W 0 20M
fsync W
mmap M 0 20M rw shared W 0
w M 20M
ck s1 cg:a stat
msync M 20M 4
ck s2 cg:a vmstat
close W
munmap M 20M
unlink /mnt/new
exit 0
reap p
ck end cg:a vmstat
cgrm a
