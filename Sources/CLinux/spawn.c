/* SPDX-License-Identifier: Apache-2.0 */

#include "CLinux.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { listening_target_fd = 3, environment_entries_max = 4096 };

static void limit(int resource, uint64_t value) {
    if (value == 0) return;
    struct rlimit pair = {.rlim_cur = value, .rlim_max = value};
    setrlimit(resource, &pair);
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

/* Moves `fd` above the range that is about to be overwritten. */
static int lift(int fd) { return fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 10); }

/* Runs between vfork() and execve(): nothing here allocates or takes a lock. */
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

    int input = options->standard_input_fd;
    if (input < 0) input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    input = lift(input);
    int output = lift(options->standard_output_fd);
    int error = lift(options->standard_error_fd);
    int listening = lift(options->listening_fd);
    if (input >= 0 && dup2(input, 0) < 0) return errno;
    if (output >= 0 && dup2(output, 1) < 0) return errno;
    if (error >= 0 && dup2(error, 2) < 0) return errno;
    unsigned int first_unused = 3;
    if (listening >= 0) {
        if (dup2(listening, listening_target_fd) < 0) return errno;
        write_decimal(listen_pid, getpid());
        first_unused = 4;
    }
    if (close_range(first_unused, ~0u, CLOSE_RANGE_CLOEXEC) < 0) return errno;

    if (options->working_directory && chdir(options->working_directory) < 0) return errno;
    limit(RLIMIT_AS, options->address_space_max);
    limit(RLIMIT_CPU, options->cpu_seconds_max);
    limit(RLIMIT_FSIZE, options->file_bytes_max);
    limit(RLIMIT_CORE, 0);
    execve(options->path, options->arguments, environment);
    return errno;
}

pid_t swiftlet_spawn(const struct swiftlet_spawn_options *options) {
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
