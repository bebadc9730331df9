scenario o39_page_tables
# A limit met by page tables.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
q: mmap Q 0 64M rw priv,anon
q: w Q 4M
p: mmap P 0x8000000000 16G rw priv,anon,noreserve
p: w P 16G 2M
reap p
reap q
ck end cg:a vmstat
