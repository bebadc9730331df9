scenario o37_locked
# Locked memory is a task's as any other.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 12M
p: mlock P 12M
q: w Q 22M
reap p
reap q
ck end cg:a vmstat
