scenario o01_alone
# One task, more than its group's limit.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
p: mmap P 0 64M rw priv,anon
p: w P 64M
reap p
ck end cg:a vmstat
