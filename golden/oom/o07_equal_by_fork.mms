scenario o07_equal_by_fork
# Parent and child of equal size: both own copies of what was shared.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn r a
p: mmap P 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
p: w P 10M
p: fork c
c: w P 10M
p: w P 10M
ck s1 cg:a p.oom_score c.oom_score
r: w R 14M
reap p
reap c
reap r
ck end cg:a vmstat
