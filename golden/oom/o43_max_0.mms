scenario o43_max_0
# The limit becomes nothing.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
spawn r a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
p: w P 4M
q: w Q 8M
r: w R 2M
sys /cg/a/memory.max 0
reap p
reap q
reap r
ck end cg:a vmstat
