/* SPDX-License-Identifier: Apache-2.0 */

/* What Swift's Glibc overlay lacks: epoll, eventfd, pidfd, accept4, signals, starting a child. */

#pragma once

/*
 * No header of the C library, whose types belong to Swift's Glibc module: what two modules define
 * must be the same in both, and is then found in either one or the other, as the build happens to
 * go. What the functions need is included by the .c files alone.
 */
#include <stddef.h>
#include <stdint.h>

/* The values of epoll_ctl(2), which the .c file compares with the system's. */
static const uint32_t swiftlet_EPOLLIN = 0x001;
static const uint32_t swiftlet_EPOLLOUT = 0x004;
static const uint32_t swiftlet_EPOLLERR = 0x008;
static const uint32_t swiftlet_EPOLLHUP = 0x010;
static const uint32_t swiftlet_EPOLLRDHUP = 0x2000;
static const uint32_t swiftlet_EPOLLET = 0x80000000;

struct swiftlet_epoll_event {
    uint32_t events;
    uint64_t data;
};

/* Most events that one wait returns, whatever its capacity. */
enum { swiftlet_epoll_events_max = 256 };

int swiftlet_epoll_create(void);
int swiftlet_epoll_add(int epoll_fd, int fd, uint32_t events, uint64_t data);
int swiftlet_epoll_modify(int epoll_fd, int fd, uint32_t events, uint64_t data);
int swiftlet_epoll_remove(int epoll_fd, int fd);
int swiftlet_epoll_wait(int epoll_fd, struct swiftlet_epoll_event *events, int capacity,
                        int milliseconds);

/* Non-blocking and close-on-exec, all of them; -1 and errno on failure. */
int swiftlet_eventfd(void);
/* `peer` is a struct sockaddr_storage, `length` its size before and the address's after. */
int swiftlet_accept(int listening_fd, void *peer, uint32_t *length);
int swiftlet_stream_socket(int family);
int swiftlet_pipe(int fds[2]);
/* How many bytes a socket has received that nobody has read. */
int swiftlet_unread_length(int fd);
int swiftlet_pidfd_open(int32_t pid);

/*
 * Turns signals into bytes of a pipe, one byte with its number for each, whichever thread is hit.
 * Returns the reading end, the same one on every call; -1 and errno on failure.
 */
int swiftlet_catch_signals(const int *signals, int count);
int swiftlet_ignore_sigpipe(void);

/* Lets this process, and what it starts, open as many descriptors as it may. */
int swiftlet_raise_descriptor_limit(void);

/* How many descriptors this process may open; LONG_MAX without a limit. */
long swiftlet_descriptor_limit(void);

uint64_t swiftlet_monotonic_nanoseconds(void);
uint64_t swiftlet_realtime_nanoseconds(void);
/* At most 15 bytes of the name are kept. */
void swiftlet_name_thread(const char *name);
/* How many processors this process is bound to, at least 1. */
int swiftlet_processor_count(void);
/*
 * Lets the allocator give back to the system each block of so many bytes when it is freed, and what
 * is free at the end of its heap beyond so many. Left alone, glibc raises both limits with what it
 * sees freed, to 32 and 64 MiB, and a process stays as large as its largest request made it.
 */
void swiftlet_limit_kept_memory(int block_bytes, int top_bytes);
/* The system's words for an errno, cut to fit. */
void swiftlet_error_text(int code, char *text, size_t length);

/*
 * Readiness as systemd has it, sd_notify(3): a datagram to the address in NOTIFY_SOCKET. A leading
 * '@' stands for the abstract namespace. Both return -1 and errno on failure.
 */
int swiftlet_notify(const char *address, const char *text);
int swiftlet_notify_listen(const char *address);

int swiftlet_getrandom(void *bytes, size_t count);

/* What swiftlet_spawn() was doing when it failed. */
enum swiftlet_spawn_step {
    swiftlet_spawn_preparing,
    swiftlet_spawn_entering_cgroup,
    swiftlet_spawn_limiting,
    swiftlet_spawn_changing_user,
    swiftlet_spawn_changing_directory,
    swiftlet_spawn_executing,
};

struct swiftlet_spawn_options {
    /* Absolute path of the program. */
    const char *path;
    /* NULL-terminated. The child's environment is exactly this, plus LISTEN_PID when inherited. */
    char *const *arguments;
    char *const *environment;
    /* NULL: the parent's. */
    const char *working_directory;
    /* Becomes fd 0; -1: /dev/null. */
    int standard_input_fd;
    /* Become fds 1 and 2; -1: the parent's. */
    int standard_output_fd;
    int standard_error_fd;
    /* Becomes fd 3 with LISTEN_FDS=1 and LISTEN_PID set; -1: none. */
    int listening_fd;
    /*
     * In bytes of address space, in seconds of processor time, in bytes of a file; 0: as inherited.
     * Core files are never written: they would hold secrets.
     */
    uint64_t address_space_max;
    uint64_t cpu_seconds_max;
    uint64_t file_bytes_max;
    /* A directory of cgroup v2 that the child is born in; 0: the parent's. */
    int cgroup_fd;
    /* Whether it becomes this user and group, without supplementary groups; for root alone. */
    int changes_user;
    uint32_t user;
    uint32_t group;
    /* Told what failed; NULL: nobody. */
    enum swiftlet_spawn_step *failed_step;
};

/*
 * Starts a program in a process group of its own, which dies with the calling THREAD
 * (PR_SET_PDEATHSIG, SIGKILL), with default signal handling and no descriptor beyond those named.
 * Returns the pid, or -errno of whatever failed: also of execve(), which is awaited.
 */
int32_t swiftlet_spawn(const struct swiftlet_spawn_options *options);
