scenario o44_high_does_not_kill
# memory.high slows down and kills nobody; max does.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
sys /cg/a/memory.high 16M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 12M
q: w Q 6M
ck s1 cg:a
sys /cg/a/memory.high max
q: w Q+6M 20M
reap p
reap q
ck end cg:a vmstat
