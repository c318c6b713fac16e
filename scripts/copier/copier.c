/*
 * Copies the records of one Kafka topic to another and does nothing else: the limit that a program between two topics
 * can be held against. Key, value, headers, timestamp and partition are kept.
 *
 *     copier --brokers HOST:PORT --from TOPIC --to TOPIC --group GROUP [--transactions MS] [-X name=value]...
 *
 * Without --transactions, at least once: an offset is stored when everything before it is acknowledged, and librdkafka
 * commits what is stored each second. With it, records and offsets go in transactions of so many milliseconds.
 * SIGTERM and SIGINT end it in order; the last line says what was copied and what it cost.
 *
 * One thread does all that is not librdkafka's. Its settings are those that `riffle run` starts with, so that the two
 * differ by what they do between reading and writing.
 */
#include <getopt.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH_MESSAGES = 4096, BATCHES_IN_FLIGHT = 256, PARTITIONS_MAX = 1024, SETTINGS_MAX = 64 };

/* What was read in one go: its offsets are stored when the last of its records is acknowledged. */
struct batch {
    int pending;
    int count;
    struct {
        int32_t partition;
        int64_t next_offset;
    } ends[PARTITIONS_MAX];
};

static volatile sig_atomic_t stopping;
static rd_kafka_t *consumer, *producer;
static rd_kafka_topic_t *source, *target;
static const char *source_name;
static struct batch batches[BATCHES_IN_FLIGHT];
static uint64_t first_batch, next_batch;
/* Behind the last record read of each partition, of the open transaction; -1: none. */
static int64_t positions[PARTITIONS_MAX];
static int transaction_ms;
static uint64_t copied;

static void on_signal(int number) {
    (void)number;
    stopping = 1;
}

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("copier: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void check(rd_kafka_error_t *error, const char *what) {
    if (error) fail("%s: %s", what, rd_kafka_error_string(error));
}

/* ---- At least once ------------------------------------------------------------------------------------------------ */

static void retire_batches(void) {
    while (first_batch < next_batch) {
        struct batch *batch = &batches[first_batch % BATCHES_IN_FLIGHT];
        if (batch->pending) return;
        for (int index = 0; index < batch->count; index++) {
            /* Stores the offset of a record that is done: the next one is committed. A partition that was taken away
             * in the meantime is its next owner's. */
            rd_kafka_offset_store(source, batch->ends[index].partition, batch->ends[index].next_offset - 1);
        }
        first_batch++;
    }
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    (void)opaque;
    if (message->err && !transaction_ms) fail("a record was not delivered: %s", rd_kafka_err2str(message->err));
    if (message->_private) ((struct batch *)message->_private)->pending--;
}

static void note_end(struct batch *batch, const rd_kafka_message_t *message) {
    /* The records of a partition come in runs: the last entry is nearly always the one. */
    for (int index = batch->count - 1; index >= 0; index--) {
        if (batch->ends[index].partition == message->partition) {
            batch->ends[index].next_offset = message->offset + 1;
            return;
        }
    }
    batch->ends[batch->count].partition = message->partition;
    batch->ends[batch->count++].next_offset = message->offset + 1;
}

/* ---- Transactions ------------------------------------------------------------------------------------------------- */

static void commit_transaction(void) {
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(16);
    for (int32_t partition = 0; partition < PARTITIONS_MAX; partition++) {
        if (positions[partition] < 0) continue;
        rd_kafka_topic_partition_list_add(offsets, source_name, partition)->offset = positions[partition];
        positions[partition] = -1;
    }
    if (offsets->cnt) {
        rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(consumer);
        check(rd_kafka_send_offsets_to_transaction(producer, offsets, group, 30000), "offsets of a transaction");
        rd_kafka_consumer_group_metadata_destroy(group);
    }
    rd_kafka_topic_partition_list_destroy(offsets);
    /* It waits for the deliveries, and serves them. */
    check(rd_kafka_commit_transaction(producer, 30000), "commit of a transaction");
}

/* ---- Copying ------------------------------------------------------------------------------------------------------ */

static void finish_what_is_out(void) {
    if (transaction_ms) {
        commit_transaction();
        check(rd_kafka_begin_transaction(producer), "begin of a transaction");
        return;
    }
    if (rd_kafka_flush(producer, 30000)) fail("records are still out after 30 s");
    retire_batches();
    rd_kafka_resp_err_t error = rd_kafka_commit(consumer, NULL, 0);
    if (error && error != RD_KAFKA_RESP_ERR__NO_OFFSET) fail("commit: %s", rd_kafka_err2str(error));
}

static void on_rebalance(
    rd_kafka_t *client, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t *partitions, void *opaque) {
    (void)opaque;
    if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        rd_kafka_assign(client, partitions);
        return;
    }
    finish_what_is_out();
    rd_kafka_assign(client, NULL);
}

static void copy(rd_kafka_message_t *message, struct batch *batch) {
    if (message->partition >= PARTITIONS_MAX) fail("more than %d partitions", PARTITIONS_MAX);
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        headers = rd_kafka_headers_copy(headers);
    } else {
        headers = NULL;
    }
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = target},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = message->partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {message->payload, message->len}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {message->key, message->key_len}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = timestamp > 0 ? timestamp : 0},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = batch},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t count = sizeof fields / sizeof *fields - (headers == NULL);
    for (;;) {
        rd_kafka_error_t *error = rd_kafka_produceva(producer, fields, count);
        if (!error) break;
        if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) check(error, "produce");
        rd_kafka_error_destroy(error);
        rd_kafka_poll(producer, 10);
    }
    if (batch) {
        batch->pending++;
        note_end(batch, message);
    } else {
        positions[message->partition] = message->offset + 1;
    }
    copied++;
}

static void copy_all(rd_kafka_queue_t *queue) {
    static rd_kafka_message_t *messages[BATCH_MESSAGES];
    int64_t commit_at = now_ns() + (int64_t)transaction_ms * 1000000;
    while (!stopping) {
        /* With a time-out the call would wait for a full batch: one is waited for, the rest is taken as it is there. */
        int wait_ms = 1;
        if (transaction_ms) {
            int64_t left = commit_at - now_ns();
            wait_ms = left > 0 ? (int)(left / 1000000) + 1 : 0;
        }
        ssize_t count = 0;
        messages[0] = rd_kafka_consumer_poll(consumer, wait_ms);
        if (messages[0]) {
            count = 1;
            ssize_t more = rd_kafka_consume_batch_queue(queue, 0, messages + 1, BATCH_MESSAGES - 1);
            if (more > 0) count += more;
        }
        if (count > 0) {
            struct batch *batch = NULL;
            if (!transaction_ms) {
                while (next_batch - first_batch == BATCHES_IN_FLIGHT) {
                    rd_kafka_poll(producer, 10);
                    retire_batches();
                }
                batch = &batches[next_batch++ % BATCHES_IN_FLIGHT];
                batch->pending = 1;
                batch->count = 0;
            }
            for (ssize_t index = 0; index < count; index++) {
                rd_kafka_message_t *message = messages[index];
                if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                    copy(message, batch);
                } else if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                    fprintf(stderr, "copier: %s\n", rd_kafka_message_errstr(message));
                }
                rd_kafka_message_destroy(message);
            }
            if (batch) batch->pending--;
        }
        rd_kafka_poll(producer, 0);
        retire_batches();
        if (transaction_ms && now_ns() >= commit_at) {
            commit_transaction();
            check(rd_kafka_begin_transaction(producer), "begin of a transaction");
            commit_at = now_ns() + (int64_t)transaction_ms * 1000000;
        }
    }
}

/* ---- Clients ------------------------------------------------------------------------------------------------------ */

static const char *consumer_settings[][2] = {
    {"client.id", "copier"}, {"socket.nagle.disable", "true"}, {"queued.min.messages", "250000"},
    {"queued.max.messages.kbytes", "65536"}, {"fetch.queue.backoff.ms", "10"}, {"fetch.wait.max.ms", "50"},
    {"fetch.error.backoff.ms", "100"}, {"fetch.message.max.bytes", "4194304"}, {"auto.offset.reset", "earliest"},
    {"enable.auto.offset.store", "false"}, {"auto.commit.interval.ms", "1000"},
    {"partition.assignment.strategy", "range"},
};
static const char *producer_settings[][2] = {
    {"client.id", "copier"}, {"socket.nagle.disable", "true"}, {"linger.ms", "1"}, {"batch.num.messages", "10000"},
    {"queue.buffering.max.messages", "500000"}, {"queue.buffering.max.kbytes", "131072"},
    {"compression.type", "none"}, {"enable.idempotence", "true"},
};
static char *own_settings[SETTINGS_MAX];
static int own_count;

static void set(rd_kafka_conf_t *conf, const char *name, const char *value, int must_be_known) {
    char text[256];
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name, value, text, sizeof text);
    if (result == RD_KAFKA_CONF_OK || (result == RD_KAFKA_CONF_UNKNOWN && !must_be_known)) return;
    fail("%s", text);
}

static rd_kafka_t *make_client(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *brokers) {
    set(conf, "bootstrap.servers", brokers, 1);
    for (int index = 0; index < own_count; index++) {
        char *equals = strchr(own_settings[index], '=');
        if (!equals) fail("-X %s: expected name=value", own_settings[index]);
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)(equals - own_settings[index]), own_settings[index]);
        set(conf, name, equals + 1, 1);
    }
    char text[256];
    rd_kafka_t *client = rd_kafka_new(type, conf, text, sizeof text);
    if (!client) fail("%s", text);
    return client;
}

static void make_producer(const char *brokers, const char *to, const char *group) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t index = 0; index < sizeof producer_settings / sizeof *producer_settings; index++) {
        set(conf, producer_settings[index][0], producer_settings[index][1], 0);
    }
    if (transaction_ms) {
        char name[256];
        snprintf(name, sizeof name, "copier-%s", group);
        set(conf, "transactional.id", name, 1);
        set(conf, "transaction.timeout.ms", "10000", 1);
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    producer = make_client(RD_KAFKA_PRODUCER, conf, brokers);
    target = rd_kafka_topic_new(producer, to, NULL);
    if (!transaction_ms) return;
    check(rd_kafka_init_transactions(producer, 30000), "start of transactions");
    check(rd_kafka_begin_transaction(producer), "begin of a transaction");
}

static void make_consumer(const char *brokers, const char *from, const char *group) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t index = 0; index < sizeof consumer_settings / sizeof *consumer_settings; index++) {
        set(conf, consumer_settings[index][0], consumer_settings[index][1], 0);
    }
    set(conf, "group.id", group, 1);
    set(conf, "enable.auto.commit", transaction_ms ? "false" : "true", 1);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    consumer = make_client(RD_KAFKA_CONSUMER, conf, brokers);
    rd_kafka_poll_set_consumer(consumer);
    source = rd_kafka_topic_new(consumer, from, NULL);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, from, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(consumer, topics);
    if (error) fail("subscribe: %s", rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(topics);
}

static void report(int64_t started_ns) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    fprintf(stderr, "copied %" PRIu64 " records in %.2f s, %.2f CPU s\n", copied,
            (double)(now_ns() - started_ns) / 1e9, cpu);
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"brokers", required_argument, NULL, 'b'}, {"from", required_argument, NULL, 'f'},
        {"to", required_argument, NULL, 't'},      {"group", required_argument, NULL, 'g'},
        {"transactions", required_argument, NULL, 'm'}, {NULL, 0, NULL, 0},
    };
    const char *brokers = NULL, *to = NULL, *group = NULL;
    for (int option; (option = getopt_long(argc, argv, "X:", options, NULL)) != -1;) {
        switch (option) {
            case 'b': brokers = optarg; break;
            case 'f': source_name = optarg; break;
            case 't': to = optarg; break;
            case 'g': group = optarg; break;
            case 'm':
                transaction_ms = atoi(optarg);
                if (transaction_ms < 1) fail("--transactions %s: expected milliseconds", optarg);
                break;
            case 'X':
                if (own_count == SETTINGS_MAX) fail("more than %d settings", SETTINGS_MAX);
                own_settings[own_count++] = optarg;
                break;
            default: return 2;
        }
    }
    if (!brokers || !source_name || !to || !group || optind != argc) {
        fputs("usage: copier --brokers HOST:PORT --from TOPIC --to TOPIC --group GROUP [--transactions MS] "
              "[-X name=value]...\n", stderr);
        return 2;
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    for (int partition = 0; partition < PARTITIONS_MAX; partition++) positions[partition] = -1;
    int64_t started = now_ns();
    make_producer(brokers, to, group);
    make_consumer(brokers, source_name, group);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
    copy_all(queue);
    rd_kafka_queue_destroy(queue);
    /* Gives the partitions back, which finishes what is out. */
    rd_kafka_consumer_close(consumer);
    if (transaction_ms) check(rd_kafka_abort_transaction(producer, 30000), "end of the last transaction");
    report(started);
    rd_kafka_topic_destroy(source);
    rd_kafka_topic_destroy(target);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(producer);
    return 0;
}
