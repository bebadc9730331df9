scenario o15_adj_tips
# An adj that just tips the balance: 200 thousandths of the limit are 6.4 MiB.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
spawn r a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
p: w P 12M
q: w Q 8M
oomadj q 200
ck s1 p.oom_score q.oom_score
r: w R 16M
reap p
reap q
reap r
ck end cg:a vmstat
