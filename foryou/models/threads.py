"""One thread for matrix products: ours are small, and BLAS threads that wait for a busy core slow learning down."""

from threadpoolctl import threadpool_limits


def one_blas_thread() -> None:
    """Limit BLAS in this process to one thread. Compiled kernels and Python threads are not affected."""
    threadpool_limits(limits=1, user_api="blas")
