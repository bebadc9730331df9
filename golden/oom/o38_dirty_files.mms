scenario o38_dirty_files
# Dirty files are written back: nobody dies.
sys /sys/kernel/mm/transparent_hugepage/enabled never
drop
cg a
sys /cg/a/memory.max 32M
spawn p a
p: open F /mnt/big rdwr,creat,trunc 0644
p: pwrite F 0 20M
p: mmap P 0 64M rw priv,anon
p: w P 24M
ck s1 cg:a
p: w P+24M 12M
reap p
sys /proc/sys/vm/drop_caches 1
ck end cg:a vmstat
