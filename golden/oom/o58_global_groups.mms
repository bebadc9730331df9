scenario o58_global_groups
# Tasks in groups without limits are judged alike; one group dies together.
sys /sys/kernel/mm/transparent_hugepage/enabled never
drop
cg a
cg b
sys /cg/a/memory.oom.group 1
spawn p a
spawn r a
spawn q b
p: mmap P 0x4000000000 2G rw priv,anon,noreserve
q: mmap Q 0x4000000000 2G rw priv,anon,noreserve
p: w P 800M
r: mmap R 0 64M rw priv,anon
r: w R 4M
q: w Q 600M
wait 2000
reap p
reap r
reap q
ck end cg:a cg:b vmstat
