scenario o29_swap_max_16m
# Swap of half the limit, then no more.
sys /sys/kernel/mm/transparent_hugepage/enabled never
swapon /dev/vda
cg a
sys /cg/a/memory.max 32M
sys /cg/a/memory.swap.max 16M
spawn p a
p: mmap P 0 64M rw priv,anon
p: fill P 40M 2 1
ck s1 cg:a
p: fill P+40M 24M 2 2
reap p
ck end cg:a vmstat
swapoff /dev/vda
