scenario o36_cache_goes_first
# Page cache goes before anybody dies.
sys /sys/kernel/mm/transparent_hugepage/enabled never
drop
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: open F /mnt/f64m rdonly
p: pread F 0 40M
ck s1 cg:a
q: mmap Q 0 64M rw priv,anon
q: w Q 28M
ck s2 cg:a
q: w Q+28M 8M
reap p
reap q
ck end cg:a vmstat
