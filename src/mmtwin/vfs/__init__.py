"""Files by their names: mounts, directories, descriptors, and the system calls on them.

    path --Namespace--> inode --open()--> File --fd_install()--> descriptor of a task

What is in memory of a file is the engine's (mm/filemap.py, shmem.py); names are strings and
stand in `arena.names`, so that a machine is still saved and copied as a whole.
"""
