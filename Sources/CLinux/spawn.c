/* SPDX-License-Identifier: Apache-2.0 */

#define _GNU_SOURCE

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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
    if (!failure && options->data_bytes_max) failure = limit(RLIMIT_DATA, options->data_bytes_max);
    if (!failure && options->cpu_seconds_max) failure = limit(RLIMIT_CPU, options->cpu_seconds_max);
    if (!failure && options->file_bytes_max) failure = limit(RLIMIT_FSIZE, options->file_bytes_max);
    return failure ? failure : limit(RLIMIT_CORE, 0);
}

/* Runs between vfork() and execve(): nothing here allocates or takes a lock. Returns an errno. */
static int become(const struct swiftlet_spawn_options *options, char **environment,
                  char *listen_pid, pid_t parent) {
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno;
    if (getppid() != parent) return ESRCH;

    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    int failure = arrange_descriptors(options);
    if (failure) return failure;
    if (options->listening_fd >= 0) write_decimal(listen_pid, getpid());
    if (options->working_directory && chdir(options->working_directory) < 0) return errno;
    failure = apply_limits(options);
    if (failure) return failure;
    execve(options->path, options->arguments, environment);
    return errno;
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

    /* No handler of ours may run in the child while it still shares our memory. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    volatile int failure = 0;
    pid_t parent = getpid();
    pid_t pid = vfork();
    if (pid == 0) {
        failure = become(options, environment, listen_pid + strlen("LISTEN_PID="), parent);
        _exit(127);
    }
    int fork_failure = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(environment);
    if (pid < 0) return -fork_failure;
    if (failure != 0) {
        int status;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
        return -failure;
    }
    return pid;
}
