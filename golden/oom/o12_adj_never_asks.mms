scenario o12_adj_never_asks
# The one that must not be killed asks, until nobody else is left.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
spawn r a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
q: w Q 6M
r: w R 8M
oomadj p -1000
p: w P 20M
ck s1 cg:a
p: w P+20M 8M
reap p
reap q
reap r
ck end cg:a vmstat
