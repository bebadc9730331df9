scenario p10_mapped_file_lru7
# A mapped file larger than the limit, touched in order and then in part.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 7
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
open F /mnt/f64m rdonly
mmap M 0 24M r shared F 0
r M 24M
ck s1 cg:a stat
r M 6M
r M 6M
r M+8M 16M
ck s2 cg:a stat vmstat
r M 6M
ck s3 cg:a stat vmstat
exit 0
reap p
ck end cg:a vmstat
cgrm a
