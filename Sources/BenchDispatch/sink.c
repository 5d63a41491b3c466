/* SPDX-License-Identifier: Apache-2.0 */

/* A sink that finds the end of each request, and answers 202 when its time has come. */

#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { connections_max = 65536, buffer_bytes = 256 * 1024, events_max = 256 };

struct connection {
    /* Bytes that are to come before the request is whole. */
    long missing;
    /* Counts the connections that had this number. */
    uint32_t turn;
};

struct due {
    uint64_t time;
    int fd;
    uint32_t turn;
};

static struct connection connections[connections_max];
/* All answers wait equally long: those that wait longest come first. */
static struct due queue[connections_max];
static size_t queue_head, queue_count;
static struct bench_counts *counts;
static int64_t delay;
static char buffer[buffer_bytes];
static const char answer[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

/* The length of the request at the start of the buffer; its head has to be there. */
static long request_bytes(long length, long *head) {
    static const char name[] = "Content-Length:";
    char *line = buffer, *end;
    long body = 0;
    while ((end = memchr(line, '\n', (size_t)(buffer + length - line))) != NULL) {
        if (end - line <= 1) {
            *head = end + 1 - buffer;
            return *head + body;
        }
        if (strncasecmp(line, name, sizeof name - 1) == 0)
            body = strtol(line + sizeof name - 1, NULL, 10);
        line = end + 1;
    }
    bench_fail("sink", "the head of a request came in pieces");
}

static void note(long head, long length) {
    counts->received++;
    if (length - head < BENCH_STAMP_BYTES || buffer[head] < '0' || buffer[head] > '9') return;
    uint64_t now = bench_now(), sent = strtoull(buffer + head, NULL, 10);
    uint64_t index = counts->latencies_count;
    if (index >= BENCH_LATENCIES_MAX) return;
    counts->latencies[index] = now - sent;
    counts->latencies_count = index + 1;
}

static void reply(int fd) {
    counts->answered++;
    (void)!send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
}

static void serve(int fd) {
    long length = read(fd, buffer, sizeof buffer), head = 0;
    struct connection *connection = &connections[fd];
    if (length <= 0) {
        if (length == 0 || errno != EAGAIN) {
            connection->turn++;
            close(fd);
        }
        return;
    }
    if (connection->missing == 0) {
        connection->missing = request_bytes(length, &head);
        note(head, length);
    }
    connection->missing -= length;
    if (connection->missing > 0) return;
    connection->missing = 0;
    if (delay == 0) return reply(fd);
    if (queue_count == connections_max) bench_fail("sink", "too many requests wait");
    queue[(queue_head + queue_count++) % connections_max] =
        (struct due){bench_now() + (uint64_t)delay, fd, connection->turn};
    if (queue_count > counts->waiting_max) counts->waiting_max = queue_count;
}

/* Answers what is due, and says how long the next has to wait. */
static struct timespec *answer_due(struct timespec *wait) {
    while (delay > 0 && queue_count > 0) {
        struct due *first = &queue[queue_head];
        uint64_t now = bench_now();
        if (first->time > now) {
            wait->tv_sec = (time_t)((first->time - now) / 1000000000u);
            wait->tv_nsec = (long)((first->time - now) % 1000000000u);
            return wait;
        }
        if (connections[first->fd].turn == first->turn) reply(first->fd);
        queue_head = (queue_head + 1) % connections_max;
        queue_count--;
    }
    return NULL;
}

static int make_listener(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0)
        bench_fail("sink", strerror(errno));
    return fd;
}

static void map_counts(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *counts) != 0) bench_fail(path, strerror(errno));
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (counts == MAP_FAILED) bench_fail(path, strerror(errno));
}

static void watch(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int bench_sink(int count, char **arguments) {
    (void)count;
    bool never = strcmp(arguments[1], "never") == 0;
    delay = never ? -1 : atoll(arguments[1]) * 1000;
    map_counts(arguments[2]);
    int listener = make_listener((uint16_t)atoi(arguments[0]));
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, listener);
    for (;;) {
        struct epoll_event events[events_max];
        struct timespec wait;
        int ready = epoll_pwait2(epoll, events, events_max, answer_due(&wait), NULL);
        for (int index = 0; index < ready; index++) {
            int fd = events[index].data.fd, one = 1;
            if (fd != listener) {
                serve(fd);
                continue;
            }
            while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                if (fd >= connections_max) bench_fail("sink", "too many connections");
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                connections[fd].missing = 0;
                watch(epoll, fd);
            }
        }
    }
}
