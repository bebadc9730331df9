scenario o14_adj_1000_tiny
# A task of almost nothing at 1000.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
spawn r a
p: mmap P 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
p: w P 20M
oomadj q 1000
ck s1 q.oom_score
r: w R 16M
reap p
reap q
reap r
ck end cg:a vmstat
