scenario o13_adj_999
# -999 is unlikely, not never.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
oomadj p -999
oomadj q -1000
q: w Q 16M
p: w P 20M
reap p
reap q
ck end cg:a vmstat
