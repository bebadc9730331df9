scenario o57_group_kill_allocating
# oom_kill_allocating_task is not asked in a group.
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /proc/sys/vm/oom_kill_allocating_task 1
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 20M
q: w Q 16M
wait 2000
reap p
reap q
ck end cg:a vmstat
sys /proc/sys/vm/oom_kill_allocating_task 0
