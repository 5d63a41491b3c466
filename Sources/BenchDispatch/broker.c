/* SPDX-License-Identifier: Apache-2.0 */

/* librdkafka's mock cluster with records in it. It keeps about 5 MiB of each partition, as they
   were sent: compressed, that is a hundred thousand records and more. */

#include "bench.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static rd_kafka_t *make_producer(const char *servers, const char *codec, const char *linger) {
    const char *properties[][2] = {
        {"bootstrap.servers", servers},
        {"compression.codec", codec},
        {"linger.ms", linger},
        {"batch.num.messages", "1000"},
        {"log_level", "3"},
        {"socket.nagle.disable", "true"},
    };
    char reason[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t index = 0; index < sizeof properties / sizeof *properties; index++) {
        if (properties[index][1] != NULL
            && rd_kafka_conf_set(conf, properties[index][0], properties[index][1], reason,
                                 sizeof reason) != RD_KAFKA_CONF_OK)
            bench_fail(properties[index][0], reason);
    }
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (client == NULL) bench_fail("a producer", reason);
    return client;
}

static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) bench_fail(path, "it cannot be read");
    char *bytes = malloc(1 << 20);
    if (bytes == NULL) bench_fail(path, "no memory is left");
    *length = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

/* Appends a record, waiting for room. */
static void append(rd_kafka_t *client, const char *topic, int32_t partition, const char *key,
                   char *value, size_t length) {
    for (;;) {
        rd_kafka_resp_err_t error = rd_kafka_producev(
            client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, length),
            RD_KAFKA_V_KEY((void *)key, strlen(key)), RD_KAFKA_V_END);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) bench_fail("a record", rd_kafka_err2str(error));
        rd_kafka_poll(client, 10);
    }
    rd_kafka_poll(client, 0);
}

int bench_broker(int count, char **arguments) {
    (void)count;
    const char *topic = arguments[0];
    int32_t partitions = atoi(arguments[1]);
    int64_t records = atoll(arguments[2]), keys = atoll(arguments[3]);
    size_t length = 0;
    char *value = read_file(arguments[4], &length);
    if (partitions < 1 || keys < 1) bench_fail("broker", "partitions and keys are from 1 up");

    rd_kafka_t *host = make_producer(NULL, "none", "0");
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, 1);
    if (cluster == NULL || rd_kafka_mock_topic_create(cluster, topic, partitions, 1) != 0)
        bench_fail("broker", "it could not be started");
    const char *servers = rd_kafka_mock_cluster_bootstraps(cluster);
    rd_kafka_t *client = make_producer(servers, arguments[5], "100");
    for (int64_t number = 0; number < records; number++) {
        char key[64];
        /* As many keys in each partition as in any other. */
        int64_t of_partition = number / partitions % keys;
        snprintf(key, sizeof key, "bkt2/syllabus/week%%20%" PRId64 ".pdf", of_partition);
        append(client, topic, (int32_t)(number % partitions), key, value, length);
    }
    rd_kafka_flush(client, 60000);
    int64_t stored = 0;
    for (int32_t partition = 0; partition < partitions; partition++) {
        int64_t low = 0, high = 0;
        if (rd_kafka_query_watermark_offsets(client, topic, partition, &low, &high, 10000) == 0)
            stored += high - low;
    }
    rd_kafka_destroy(client);
    printf("%s %" PRId64 "\n", servers, stored);
    fflush(stdout);
    for (;;) pause();
}

int bench_produce(int count, char **arguments) {
    (void)count;
    int64_t records = atoll(arguments[2]), gap = atoll(arguments[3]) * 1000;
    size_t length = 0;
    char *value = read_file(arguments[4], &length);
    if (length < BENCH_STAMP_BYTES) bench_fail(arguments[4], "it is too short for a stamp");
    rd_kafka_t *client = make_producer(arguments[0], "none", "0");
    uint64_t next = bench_now();
    for (int64_t number = 0; number < records; number++) {
        while (bench_now() < next) usleep((useconds_t)(gap / 1000 / 10 + 1));
        char stamp[BENCH_STAMP_BYTES + 1], key[32];
        snprintf(stamp, sizeof stamp, "%020" PRIu64, bench_now());
        memcpy(value, stamp, BENCH_STAMP_BYTES);
        snprintf(key, sizeof key, "key-%" PRId64, number % 100);
        append(client, arguments[1], RD_KAFKA_PARTITION_UA, key, value, length);
        next += (uint64_t)gap;
    }
    rd_kafka_flush(client, 60000);
    rd_kafka_destroy(client);
    free(value);
    return 0;
}
