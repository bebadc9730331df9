scenario o41_max_lowered
# The limit is lowered below what is used.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 12M
q: w Q 16M
sys /cg/a/memory.max 20M
reap p
reap q
ck s1 cg:a
sys /cg/a/memory.max 4M
reap p
reap q
ck end cg:a vmstat
