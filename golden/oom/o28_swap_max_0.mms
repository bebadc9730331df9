scenario o28_swap_max_0
# There is swap, but not for this group.
sys /sys/kernel/mm/transparent_hugepage/enabled never
swapon /dev/vda
cg a
sys /cg/a/memory.max 32M
sys /cg/a/memory.swap.max 0
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 20M
q: w Q 16M
reap p
reap q
ck end cg:a vmstat
swapoff /dev/vda
