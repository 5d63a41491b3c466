/* SPDX-License-Identifier: Apache-2.0 */

/* The least that brings records to a sink: librdkafka in batches, libcurl's multi interface on
   epoll, the header fields of the event. No order, no retries, no commits, no limits. */

#include "bench.h"

#include <curl/curl.h>
#include <librdkafka/rdkafka.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { batch_max = 100, in_flight_limit = 1000, events_max = 128 };

struct request {
    CURL *easy;
    struct curl_slist *fields;
    rd_kafka_message_t *record;
};

static const char *topic, *url;
static rd_kafka_queue_t *records;
static CURLM *multi;
static int epoll, wake;
static long timeout = -1;
static struct request requests[in_flight_limit];
/* Those that are free. */
static struct request *idle[in_flight_limit];
static int idle_count;
/* What was consumed and not sent. */
static rd_kafka_message_t *batch[batch_max];
static ssize_t batch_count, batch_next;

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char reason[512];
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK)
        bench_fail(name, reason);
}

static void consume(const char *servers, const char *group) {
    char reason[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", servers);
    set(conf, "group.id", group);
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "enable.auto.commit", "false");
    set(conf, "log_level", "3");
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (client == NULL) bench_fail("a consumer", reason);
    rd_kafka_poll_set_consumer(client);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(client, topics) != 0) bench_fail(topic, "no subscription");
    rd_kafka_topic_partition_list_destroy(topics);
    records = rd_kafka_queue_get_consumer(client);
    uint64_t one = 1;
    rd_kafka_queue_io_event_enable(records, wake, &one, sizeof one);
}

static size_t ignore(char *bytes, size_t unit, size_t count, void *context) {
    (void)bytes;
    (void)context;
    return unit * count;
}

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *context, void *known) {
    (void)easy;
    (void)context;
    struct epoll_event event = {.data.fd = fd};
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
    } else if (known != NULL) {
        epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
    } else {
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        curl_multi_assign(multi, fd, &epoll);
    }
    return 0;
}

static int timer_changed(CURLM *handle, long milliseconds, void *context) {
    (void)handle;
    (void)context;
    timeout = milliseconds;
    return 0;
}

static void make_requests(int count) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)count);
    for (int index = 0; index < count; index++) {
        CURL *easy = requests[index].easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_PRIVATE, &requests[index]);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        idle[idle_count++] = &requests[index];
    }
}

__attribute__((format(printf, 2, 3)))
static void field(struct request *request, const char *format, ...) {
    char line[512];
    va_list values;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    request->fields = curl_slist_append(request->fields, line);
}

static void send_record(struct request *request, rd_kafka_message_t *record) {
    int64_t milliseconds = rd_kafka_message_timestamp(record, NULL);
    time_t seconds = (time_t)(milliseconds / 1000);
    int part = record->partition;
    struct tm time;
    char day[32];
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &time));
    request->record = record;
    request->fields = NULL;
    field(request, "Prefer: reply");
    field(request, "Kn-Namespace: bench");
    field(request, "ce-specversion: 1.0");
    field(request, "ce-type: dev.knative.kafka.event");
    field(request, "ce-source: /apis/v1/namespaces/bench/kafkasources/bench#%s", topic);
    field(request, "ce-id: partition:%d/offset:%" PRId64, part, record->offset);
    field(request, "ce-subject: partition:%d#%" PRId64, part, record->offset);
    field(request, "ce-time: %s.%03dZ", day, (int)(milliseconds % 1000));
    field(request, "ce-key: %.*s", (int)record->key_len, (const char *)record->key);
    field(request, "ce-partitionkey: %.*s", (int)record->key_len, (const char *)record->key);
    field(request, "ce-knativekafkapartition: %d", part);
    field(request, "ce-knativekafkaoffset: %" PRId64, record->offset);
    field(request, "Content-Type:");
    field(request, "Accept:");
    field(request, "Expect:");
    curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->fields);
    curl_easy_setopt(request->easy, CURLOPT_POSTFIELDSIZE, (long)record->len);
    curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, record->payload);
    curl_multi_add_handle(multi, request->easy);
}

/* The next record; NULL when there is none yet. */
static rd_kafka_message_t *next_record(void) {
    for (;;) {
        if (batch_next == batch_count) {
            batch_next = 0;
            batch_count = rd_kafka_consume_batch_queue(records, 0, batch, batch_max);
            if (batch_count <= 0) {
                batch_count = 0;
                return NULL;
            }
        }
        rd_kafka_message_t *record = batch[batch_next++];
        if (record->err == RD_KAFKA_RESP_ERR_NO_ERROR) return record;
        rd_kafka_message_destroy(record);
    }
}

static void fill(void) {
    rd_kafka_message_t *record;
    while (idle_count > 0 && (record = next_record()) != NULL)
        send_record(idle[--idle_count], record);
}

static void collect(void) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        struct request *request;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        if (message->data.result != CURLE_OK)
            fprintf(stderr, "%s\n", curl_easy_strerror(message->data.result));
        curl_multi_remove_handle(multi, request->easy);
        curl_slist_free_all(request->fields);
        rd_kafka_message_destroy(request->record);
        idle[idle_count++] = request;
    }
}

int bench_dispatch(int count, char **arguments) {
    (void)count;
    topic = arguments[1];
    url = arguments[3];
    int in_flight = atoi(arguments[4]), running;
    if (in_flight < 1 || in_flight > in_flight_limit) bench_fail("dispatch", "1 to 1000 in flight");
    epoll = epoll_create1(EPOLL_CLOEXEC);
    wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = wake};
    epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event);
    make_requests(in_flight);
    consume(arguments[0], arguments[2]);
    for (;;) {
        struct epoll_event events[events_max];
        fill();
        if (timeout == 0) {
            timeout = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
            collect();
            fill();
        }
        /* Rebalances are answered while the queue is read: look at it now and then. */
        int ready = epoll_wait(epoll, events, events_max, timeout >= 0 ? (int)timeout : 100);
        if (ready == 0 && timeout > 0) timeout = 0;
        for (int index = 0; index < ready; index++) {
            uint64_t value;
            if (events[index].data.fd == wake) {
                (void)!read(wake, &value, sizeof value);
                continue;
            }
            int what = (events[index].events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
                | (events[index].events & ~(uint32_t)EPOLLOUT ? CURL_CSELECT_IN : 0);
            curl_multi_socket_action(multi, events[index].data.fd, what, &running);
        }
        collect();
    }
}
