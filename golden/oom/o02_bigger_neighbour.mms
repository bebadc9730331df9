scenario o02_bigger_neighbour
# The one that asks is the smaller: the other dies.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 20M
q: w Q 8M
ck s1 cg:a p.oom_score q.oom_score
q: w Q+8M 8M
reap p
reap q
ck end cg:a vmstat
