/* SPDX-License-Identifier: Apache-2.0 */

#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

static const struct {
    const char *name;
    int (*run)(int count, char **arguments);
    int count;
    const char *arguments;
} parts[] = {
    {"broker", bench_broker, 6, "TOPIC PARTITIONS RECORDS KEYS FILE CODEC"},
    {"produce", bench_produce, 5, "SERVERS TOPIC RECORDS MICROSECONDS FILE"},
    {"dispatch", bench_dispatch, 5, "SERVERS TOPIC GROUP URL IN-FLIGHT"},
    {"sink", bench_sink, 3, "PORT MICROSECONDS|never FILE"},
};

uint64_t bench_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bench_fail(const char *what, const char *why) {
    fprintf(stderr, "BenchDispatch: %s: %s\n", what, why);
    exit(1);
}

int main(int count, char **arguments) {
    /* Nothing of a benchmark outlives the program that runs it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (size_t index = 0; index < sizeof parts / sizeof *parts; index++) {
        if (count == parts[index].count + 2 && strcmp(arguments[1], parts[index].name) == 0)
            return parts[index].run(count - 2, arguments + 2);
    }
    for (size_t index = 0; index < sizeof parts / sizeof *parts; index++)
        fprintf(stderr, "usage: BenchDispatch %s %s\n", parts[index].name, parts[index].arguments);
    return 2;
}
