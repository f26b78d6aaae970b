/* Clocks that jump: loaded before the C library's own. Each reading is off by up to a day, forwards and backwards; every clock jumps,
   also those that the system promises to be steady. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *time)
{
    static _Atomic unsigned long state = 88172645463325252ul;
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, time);
    unsigned long next = atomic_fetch_add(&state, 0x9E3779B97F4A7C15ul);
    next = (next ^ (next >> 30)) * 0xBF58476D1CE4E5B9ul;
    next ^= next >> 27;
    long jump = (long)(next % 172800) - 86400;
    if (time->tv_sec + jump > 0)
        time->tv_sec += jump;
    return result;
}
