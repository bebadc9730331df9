scenario p52_cache_of_another
# Pages are charged to who reads them first.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
cg b
spawn p a
spawn q b
open F /mnt/f64m rdonly
q: open G /mnt/f64m rdonly
pread F 0 8M
q: pread G 0 16M
ck s1 cg:a cg:b
exit 0
reap p
q: pread G 0 8M
ck s2 cg:a cg:b
q: exit 0
reap q
cgrm a
cgrm b
