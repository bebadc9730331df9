scenario o08_equal_asks
# Two of equal size, one of which asks for more.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 15M
q: w Q 15M
q: w Q+15M 4M
reap p
reap q
ck end cg:a vmstat
