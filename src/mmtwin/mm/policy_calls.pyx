# How the engine reaches a policy: by the address of a C function. A plain Python object gets five
# that take the GIL and call its methods; a compiled one (mmtwin/policy/compile.py) has its own.
ctypedef unsigned long long (*policy_fn)(
    void *, unsigned long long, unsigned long long) noexcept nogil

cdef int policy_has_failed = 0
policy_exception = None


cdef inline unsigned long long policy_call(
        unsigned long long fn, unsigned long long obj,
        unsigned long long page, unsigned long long argument) noexcept nogil:
    return (<policy_fn><size_t>fn)(<void *><size_t>obj, page, argument)


cdef inline int policy_failed() noexcept nogil:
    return policy_has_failed


cdef policy_error():
    """The exception that a policy raised, taken."""
    global policy_has_failed, policy_exception
    policy_has_failed = 0
    error, policy_exception = policy_exception, None
    return error


cdef int policy_raised(error) except -1:
    global policy_has_failed, policy_exception
    policy_has_failed, policy_exception = 1, error
    return 0


cdef unsigned long long python_insert(
        void *obj, unsigned long long page, unsigned long long key) noexcept with gil:
    try:
        (<object>obj).insert(page, key)
    except BaseException as e:
        policy_raised(e)
    return 0


cdef unsigned long long python_access(
        void *obj, unsigned long long page, unsigned long long unused) noexcept with gil:
    try:
        (<object>obj).access(page)
    except BaseException as e:
        policy_raised(e)
    return 0


cdef unsigned long long python_evict(
        void *obj, unsigned long long page, unsigned long long unused) noexcept with gil:
    try:
        return (<object>obj).evict() or 0
    except BaseException as e:
        policy_raised(e)
    return 0


cdef unsigned long long python_remove(
        void *obj, unsigned long long page, unsigned long long unused) noexcept with gil:
    try:
        (<object>obj).remove(page)
    except BaseException as e:
        policy_raised(e)
    return 0


cdef unsigned long long python_hint(
        void *obj, unsigned long long page, unsigned long long advice) noexcept with gil:
    try:
        hint = getattr(<object>obj, "hint", None)
        if hint is not None:
            hint(page, advice)
    except BaseException as e:
        policy_raised(e)
    return 0


def report_policy_error(error):
    """What a compiled policy calls when it raises."""
    policy_raised(error)


cdef policy_row(policy):
    """What the engine's table holds of a policy: its address, then those of its five functions."""
    if isinstance(policy, tuple):
        return (<size_t><void *>policy[0], *policy[1])
    return (
        <size_t><void *>policy, <size_t>&python_insert, <size_t>&python_access,
        <size_t>&python_evict, <size_t>&python_remove, <size_t>&python_hint,
    )
