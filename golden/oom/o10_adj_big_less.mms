scenario o10_adj_big_less
# The biggest is made less likely.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
spawn r a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
p: w P 16M
q: w Q 8M
oomadj p -500
ck s1 p.oom_score q.oom_score r.oom_score
r: w R 10M
reap p
reap q
reap r
ck end cg:a vmstat
