scenario p07_random_file_lru0
# Random pages of a file three times the limit.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
sys /cg/a/memory.max 16M
spawn p a
open F /mnt/f64m rdonly
fadvise F 0 0 random
frnd F 48M 6000 1
ck s1 cg:a vmstat
frnd F 48M 6000 2
ck s2 cg:a vmstat
exit 0
reap p
ck end cg:a vmstat
cgrm a
