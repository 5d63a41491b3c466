/* SPDX-License-Identifier: Apache-2.0 */

/* librdkafka, and one doorway: its typed arguments are a union that is clumsy in Swift. */

#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/* A message on its way out. NULL key or value: none, which differs from an empty one. */
struct swiftlet_kafka_message {
    const char *topic;
    /* RD_KAFKA_PARTITION_UA: as the key chooses. */
    int32_t partition;
    const void *key;
    size_t key_length;
    const void *value;
    size_t value_length;
    /* Milliseconds since 1970; 0: now. */
    int64_t timestamp;
    /* NULL: none. Belongs to the library once the call succeeded. */
    rd_kafka_headers_t *headers;
    /* Comes back with the delivery report. */
    void *opaque;
};

/* rd_kafka_produceva(): key and value are copied. */
static inline rd_kafka_error_t *
swiftlet_kafka_produceva_message(rd_kafka_t *client, const struct swiftlet_kafka_message *message) {
    rd_kafka_vu_t arguments[8];
    size_t count = 0;
    arguments[count].vtype = RD_KAFKA_VTYPE_TOPIC;
    arguments[count++].u.cstr = message->topic;
    arguments[count].vtype = RD_KAFKA_VTYPE_PARTITION;
    arguments[count++].u.i32 = message->partition;
    arguments[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    arguments[count++].u.i = RD_KAFKA_MSG_F_COPY;
    arguments[count].vtype = RD_KAFKA_VTYPE_VALUE;
    arguments[count].u.mem.ptr = (void *)message->value;
    arguments[count++].u.mem.size = message->value_length;
    arguments[count].vtype = RD_KAFKA_VTYPE_KEY;
    arguments[count].u.mem.ptr = (void *)message->key;
    arguments[count++].u.mem.size = message->key_length;
    arguments[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    arguments[count++].u.i64 = message->timestamp;
    arguments[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
    arguments[count++].u.ptr = message->opaque;
    if (message->headers != NULL) {
        arguments[count].vtype = RD_KAFKA_VTYPE_HEADERS;
        arguments[count++].u.headers = message->headers;
    }
    return rd_kafka_produceva(client, arguments, count);
}
