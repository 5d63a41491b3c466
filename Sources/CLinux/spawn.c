/* SPDX-License-Identifier: Apache-2.0 */

#define _GNU_SOURCE

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { listening_target_fd = 3, environment_entries_max = 4096 };

/* Lowers a limit to `value`; one that is lower already stays. Returns an errno. */
static int limit(int resource, uint64_t value) {
    struct rlimit pair;
    if (getrlimit(resource, &pair) < 0) return errno;
    if (value < pair.rlim_max) pair.rlim_max = value;
    pair.rlim_cur = pair.rlim_max;
    return setrlimit(resource, &pair) < 0 ? errno : 0;
}

/* Async-signal-safe; `digits` has room for 10 and its NUL. */
static void write_decimal(char *digits, pid_t value) {
    char reversed[12];
    int length = 0;
    do {
        reversed[length++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (length > 0) *digits++ = reversed[--length];
    *digits = 0;
}

/* Copies `fd` above the range that is about to be overwritten. */
static int lift(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 10); }

/* Makes the named descriptors the child's 0 to 3, and marks all others to be closed by execve(). */
static int arrange_descriptors(const struct swiftlet_spawn_options *options) {
    int sources[4] = {options->standard_input_fd, options->standard_output_fd,
                      options->standard_error_fd, options->listening_fd};
    if (sources[0] < 0) sources[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (sources[0] < 0) return errno;
    /* All are copied before one is overwritten: any of them may be 0 to 3 itself. */
    for (int target = 0; target < 4; target++) {
        if (sources[target] < 0) continue;
        sources[target] = lift(sources[target]);
        if (sources[target] < 0) return errno;
    }
    for (int target = 0; target < 4; target++) {
        if (sources[target] >= 0 && dup2(sources[target], target) < 0) return errno;
    }
    unsigned int first_unused = sources[listening_target_fd] >= 0 ? 4 : 3;
    return close_range(first_unused, ~0u, CLOSE_RANGE_CLOEXEC) < 0 ? errno : 0;
}

static int apply_limits(const struct swiftlet_spawn_options *options) {
    int failure = 0;
    if (options->address_space_max) failure = limit(RLIMIT_AS, options->address_space_max);
    if (!failure && options->cpu_seconds_max) failure = limit(RLIMIT_CPU, options->cpu_seconds_max);
    if (!failure && options->file_bytes_max) failure = limit(RLIMIT_FSIZE, options->file_bytes_max);
    return failure ? failure : limit(RLIMIT_CORE, 0);
}

/* A child that is about to be, and how far it came. */
struct birth {
    const struct swiftlet_spawn_options *options;
    char **environment;
    char *listen_pid;
    pid_t parent;
    int has_cgroup;
    volatile int failure;
    volatile enum swiftlet_spawn_step step;
};

/* Only for this task: the C library's own calls would change every thread of the parent. */
static int change_user(uint32_t user, uint32_t group) {
    if (syscall(SYS_setgroups, 0, NULL) < 0) return errno;
    if (syscall(SYS_setresgid, group, group, group) < 0) return errno;
    return syscall(SYS_setresuid, user, user, user) < 0 ? errno : 0;
}

static int enter_cgroup(int directory) {
    int fd = openat(directory, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, "0", 1) < 0 ? errno : 0;
}

/* Runs before execve(), in the parent's memory: nothing here allocates or takes a lock. */
static int become(struct birth *birth) {
    const struct swiftlet_spawn_options *options = birth->options;
    int failure = 0;
    setpgid(0, 0);
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    birth->step = swiftlet_spawn_entering_cgroup;
    if (options->cgroup_fd && !birth->has_cgroup) failure = enter_cgroup(options->cgroup_fd);
    if (failure) return failure;
    birth->step = swiftlet_spawn_preparing;
    failure = arrange_descriptors(options);
    if (failure) return failure;
    if (options->listening_fd >= 0) write_decimal(birth->listen_pid, getpid());
    birth->step = swiftlet_spawn_limiting;
    failure = apply_limits(options);
    if (failure) return failure;
    birth->step = swiftlet_spawn_changing_user;
    if (options->changes_user) failure = change_user(options->user, options->group);
    if (failure) return failure;

    /* A change of the user takes this back. */
    birth->step = swiftlet_spawn_preparing;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno;
    if (getppid() != birth->parent) return ESRCH;
    birth->step = swiftlet_spawn_changing_directory;
    if (options->working_directory && chdir(options->working_directory) < 0) return errno;
    birth->step = swiftlet_spawn_executing;
    execve(options->path, options->arguments, birth->environment);
    return errno;
}

static void be_born(void *birth) {
    ((struct birth *)birth)->failure = become(birth);
    _exit(127);
}

/* clone3(2), of which the C library knows nothing. */
struct clone_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
        set_tid_size, cgroup;
};

enum { clone_stack_bytes = 64 * 1024 };
static const uint64_t clone_into_cgroup = 0x200000000u;

/* Calls `child` in a new process on a stack of its own. Returns its pid, or -errno. */
static long clone_and_call(struct clone_arguments *arguments, void (*child)(void *), void *birth) {
#if defined(__x86_64__)
    register long result __asm__("rax") = SYS_clone3;
    register void *first __asm__("rdi") = arguments;
    register size_t second __asm__("rsi") = sizeof *arguments;
    register void (*called)(void *) __asm__("r12") = child;
    register void *given __asm__("r13") = birth;
    __asm__ volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "mov %%r13, %%rdi\n\t"
        "call *%%r12\n\t"
        "hlt\n"
        "1:"
        : "+r"(result)
        : "r"(first), "r"(second), "r"(called), "r"(given)
        : "rcx", "r11", "cc", "memory");
    return result;
#elif defined(__aarch64__)
    register long number __asm__("x8") = SYS_clone3;
    register long result __asm__("x0") = (long)arguments;
    register size_t second __asm__("x1") = sizeof *arguments;
    register void (*called)(void *) __asm__("x19") = child;
    register void *given __asm__("x20") = birth;
    __asm__ volatile(
        "svc #0\n\t"
        "cbnz x0, 1f\n\t"
        "mov x29, xzr\n\t"
        "mov x0, x20\n\t"
        "blr x19\n\t"
        "brk #0\n"
        "1:"
        : "+r"(result)
        : "r"(number), "r"(second), "r"(called), "r"(given)
        : "cc", "memory");
    return result;
#else
    (void)arguments, (void)child, (void)birth;
    return -ENOSYS;
#endif
}

/*
 * As vfork(), but the child is in its group from the start: to move one that lives waits for all
 * processors, some 10 ms. Returns the pid, or -errno.
 */
static long clone_into(int cgroup_fd, struct birth *birth) {
    _Alignas(16) char stack[clone_stack_bytes];
    struct clone_arguments arguments = {
        .flags = CLONE_VM | CLONE_VFORK | clone_into_cgroup,
        .exit_signal = SIGCHLD,
        .stack = (uintptr_t)stack,
        .stack_size = sizeof stack,
        .cgroup = (uint64_t)cgroup_fd,
    };
    birth->has_cgroup = 1;
    birth->step = swiftlet_spawn_entering_cgroup;
    long pid = clone_and_call(&arguments, be_born, birth);
    if (pid < 0) birth->has_cgroup = 0;
    return pid;
}

static long start(struct birth *birth) {
    if (birth->options->cgroup_fd) {
        long pid = clone_into(birth->options->cgroup_fd, birth);
        /* Kernels before 5.7, and filters that know nothing of it, say one of these. */
        if (pid != -ENOSYS && pid != -E2BIG && pid != -EINVAL) return pid;
    }
    pid_t pid = vfork();
    if (pid == 0) be_born(birth);
    return pid < 0 ? -errno : pid;
}

int32_t swiftlet_spawn(const struct swiftlet_spawn_options *options) {
    char listen_pid[32] = "LISTEN_PID=";
    char listen_fds[] = "LISTEN_FDS=1";
    size_t count = 0;
    while (options->environment[count]) {
        if (++count > environment_entries_max) return -E2BIG;
    }
    char **environment = calloc(count + 3, sizeof(char *));
    if (!environment) return -ENOMEM;
    memcpy(environment, options->environment, count * sizeof(char *));
    if (options->listening_fd >= 0) {
        environment[count++] = listen_fds;
        environment[count++] = listen_pid;
    }

    struct birth birth = {
        .options = options,
        .environment = environment,
        .listen_pid = listen_pid + strlen("LISTEN_PID="),
        .parent = getpid(),
    };
    /* No handler of ours may run in the child while it still shares our memory. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    long pid = start(&birth);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(environment);
    if (pid > 0 && birth.failure != 0) {
        int status;
        while (waitpid((pid_t)pid, &status, 0) < 0 && errno == EINTR) {}
        pid = -birth.failure;
    }
    if (pid < 0 && options->failed_step) *options->failed_step = birth.step;
    return (int32_t)pid;
}
