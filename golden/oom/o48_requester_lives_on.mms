scenario o48_requester_lives_on
# After the kill the requester's access succeeds, and again.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
spawn r a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
q: w Q 14M
r: w R 12M
p: w P 10M
ck s1 cg:a
p: w P+10M 12M
ck s2 cg:a
p: w P+22M 8M
reap p
reap q
reap r
ck end cg:a vmstat
