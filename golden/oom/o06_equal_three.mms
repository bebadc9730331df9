scenario o06_equal_three
# Three of equal size, and one that asks.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
spawn s a
spawn r a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
s: mmap S 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
s: w S 9M
q: w Q 9M
p: w P 9M
r: w R 8M
reap p
reap q
reap s
reap r
ck end cg:a vmstat
