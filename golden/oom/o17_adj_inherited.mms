scenario o17_adj_inherited
# A child has its parent's oom_score_adj.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 4M
oomadj p 600
p: fork c
c: w P 4M
ck s1 c.oom_score_adj c.oom_score p.oom_score
q: w Q 30M
reap p
reap c
reap q
ck end cg:a vmstat
