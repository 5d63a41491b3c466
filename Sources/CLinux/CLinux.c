/* SPDX-License-Identifier: Apache-2.0 */

#define _GNU_SOURCE

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

_Static_assert(EPOLLIN == 0x001 && EPOLLOUT == 0x004 && EPOLLERR == 0x008, "as in CLinux.h");
_Static_assert(EPOLLHUP == 0x010 && EPOLLRDHUP == 0x2000, "as in CLinux.h");
_Static_assert((uint32_t)EPOLLET == 0x80000000, "as in CLinux.h");
_Static_assert(sizeof(socklen_t) == sizeof(uint32_t), "as in CLinux.h");
_Static_assert(sizeof(pid_t) == sizeof(int32_t), "as in CLinux.h");

int swiftlet_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int epoll_change(int epoll_fd, int operation, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll_fd, operation, fd, &event);
}

int swiftlet_epoll_add(int epoll_fd, int fd, uint32_t events, uint64_t data) {
    return epoll_change(epoll_fd, EPOLL_CTL_ADD, fd, events, data);
}

int swiftlet_epoll_modify(int epoll_fd, int fd, uint32_t events, uint64_t data) {
    return epoll_change(epoll_fd, EPOLL_CTL_MOD, fd, events, data);
}

int swiftlet_epoll_remove(int epoll_fd, int fd) {
    return epoll_change(epoll_fd, EPOLL_CTL_DEL, fd, 0, 0);
}

int swiftlet_epoll_wait(int epoll_fd, struct swiftlet_epoll_event *events, int capacity,
                        int milliseconds) {
    struct epoll_event found[swiftlet_epoll_events_max];
    if (capacity > swiftlet_epoll_events_max) capacity = swiftlet_epoll_events_max;
    int count = epoll_wait(epoll_fd, found, capacity, milliseconds);
    for (int index = 0; index < count; index++) {
        events[index].events = found[index].events;
        events[index].data = found[index].data.u64;
    }
    return count;
}

int swiftlet_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int swiftlet_accept(int listening_fd, void *peer, uint32_t *length) {
    return accept4(listening_fd, peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int swiftlet_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int swiftlet_unread_length(int fd) {
    int length = 0;
    return ioctl(fd, FIONREAD, &length) < 0 ? -1 : length;
}

static int signal_pipe[2] = {-1, -1};

static void write_signal(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    /* A full pipe holds signals enough for whoever reads it. */
    ssize_t ignored = write(signal_pipe[1], &byte, 1);
    (void)ignored;
    errno = saved;
}

int swiftlet_catch_signals(const int *signals, int count) {
    if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC) < 0) return -1;
    struct sigaction action = {.sa_handler = write_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    for (int index = 0; index < count; index++) {
        if (sigaction(signals[index], &action, NULL) < 0) return -1;
    }
    return signal_pipe[0];
}

int swiftlet_ignore_sigpipe(void) { return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0; }

int swiftlet_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -1;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

long swiftlet_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > LONG_MAX) return LONG_MAX;
    return (long)limit.rlim_cur;
}

int swiftlet_pipe(int fds[2]) { return pipe2(fds, O_NONBLOCK | O_CLOEXEC); }

int swiftlet_pidfd_open(int32_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t swiftlet_monotonic_nanoseconds(void) { return nanoseconds(CLOCK_MONOTONIC); }
uint64_t swiftlet_realtime_nanoseconds(void) { return nanoseconds(CLOCK_REALTIME); }

int swiftlet_getrandom(void *bytes, size_t count) {
    unsigned char *cursor = bytes;
    while (count > 0) {
        ssize_t got = getrandom(cursor, count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        cursor += got;
        count -= (size_t)got;
    }
    return 0;
}

void swiftlet_name_thread(const char *name) {
    char kept[16];
    snprintf(kept, sizeof kept, "%s", name);
    pthread_setname_np(pthread_self(), kept);
}

int swiftlet_processor_count(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

void swiftlet_limit_kept_memory(int block_bytes, int top_bytes) {
    mallopt(M_MMAP_THRESHOLD, block_bytes);
    mallopt(M_TRIM_THRESHOLD, top_bytes);
}

void swiftlet_error_text(int code, char *text, size_t length) {
    char scratch[128];
    snprintf(text, length, "%s", strerror_r(code, scratch, sizeof scratch));
}

static int unix_address(const char *text, struct sockaddr_un *address, socklen_t *length) {
    size_t count = strlen(text);
    if (count < 2 || count >= sizeof address->sun_path) {
        errno = EINVAL;
        return -1;
    }
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, text, count);
    if (text[0] == '@') address->sun_path[0] = 0;
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count);
    return 0;
}

int swiftlet_notify(const char *address, const char *text) {
    struct sockaddr_un to;
    socklen_t length;
    if (unix_address(address, &to, &length) < 0) return -1;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    ssize_t sent =
        sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to, length);
    int failure = errno;
    close(fd);
    errno = failure;
    return sent < 0 ? -1 : 0;
}

int swiftlet_notify_listen(const char *address) {
    struct sockaddr_un at;
    socklen_t length;
    if (unix_address(address, &at, &length) < 0) return -1;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (bind(fd, (const struct sockaddr *)&at, length) < 0) {
        int failure = errno;
        close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}
