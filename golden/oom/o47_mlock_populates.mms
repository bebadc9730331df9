scenario o47_mlock_populates
# mlock meets the limit.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
q: w Q 8M
p: mlock P 48M
reap p
reap q
ck end cg:a vmstat
