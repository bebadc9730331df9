scenario o46_populate
# mmap with MAP_POPULATE meets the limit.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
q: mmap Q 0 64M rw priv,anon
q: w Q 8M
p: mmap P 0 48M rw priv,anon,populate
reap p
reap q
ck end cg:a vmstat
