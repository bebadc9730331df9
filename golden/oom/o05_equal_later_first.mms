scenario o05_equal_later_first
# As equal, but the later task filled its memory first.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
spawn r a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
q: w Q 12M
p: w P 12M
r: w R 10M
reap p
reap q
reap r
ck end cg:a vmstat
