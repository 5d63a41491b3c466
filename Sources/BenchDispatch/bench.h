/* SPDX-License-Identifier: Apache-2.0 */

/* The parts of the program that measures the dispatcher; each runs until it is killed. */

#pragma once
#include <stdint.h>

/* A broker of this process, and records in it. */
int bench_broker(int count, char **arguments);
/* Appends records at a steady pace, each with the time in its first bytes. */
int bench_produce(int count, char **arguments);
/* The least that brings records to a sink. */
int bench_dispatch(int count, char **arguments);
/* Takes requests, and answers after a while. */
int bench_sink(int count, char **arguments);

/* Nanoseconds of the clock that all processes of a machine share. */
uint64_t bench_now(void);
/* Ends the process with one line. */
_Noreturn void bench_fail(const char *what, const char *why);
/* Bytes of the time that a produced record starts with. */
#define BENCH_STAMP_BYTES 20
/* Times that a sink keeps at most. */
#define BENCH_LATENCIES_MAX (1 << 16)

/* What a sink counts, in a file that whoever measures reads meanwhile. */
struct bench_counts {
    /* Requests that came in, and that were answered. */
    uint64_t received;
    uint64_t answered;
    /* Most requests that waited for their answer at a time. */
    uint64_t waiting_max;
    /* Nanoseconds from the stamp of a record to its request. */
    uint64_t latencies_count;
    uint64_t latencies[BENCH_LATENCIES_MAX];
};
