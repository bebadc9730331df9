scenario o03_bigger_asks
# The one that asks is the bigger.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 8M
q: w Q 40M
reap p
reap q
ck end cg:a vmstat
