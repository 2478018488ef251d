// The load of bench/gateway.py: one thread, epoll, keep-alive, one request at a time on each connection.
// Every answer is read to its end and validated; a client in Python would be the bottleneck of what it measures.
//
//     load_client PORT PATH KEY plain|stream CONNECTIONS SECONDS REQUESTS BODY
//
// Begins no request after SECONDS (0 = no limit) or REQUESTS (0 = no limit), and ends with the last answer. Prints one line of JSON:
//     requests, errors, seconds, p50_us, p99_us (plain: whole answer; stream: until its first event), events, reads
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BODY_CAP = 1 << 17, HEAD_CAP = 1 << 13, TOKENS = 64 };
typedef enum { HEAD, FIXED, CHUNK_SIZE, CHUNK, CHUNK_END } State;

typedef struct {
    int fd;
    State state;
    char head[HEAD_CAP], body[BODY_CAP], line[32];
    size_t head_length, body_length, remaining, line_length;
    int status, matched;      // matched: how many letters of "data: " the last bytes were
    double sent, first;       // seconds
} Connection;

static int port, is_stream, poller;
static char *request;
static size_t request_length;
static double *latencies;
static size_t num_latencies, cap_latencies;
static long requests, errors, events_seen, reads;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void send_request(Connection *c) {
    c->state = HEAD;
    c->head_length = c->body_length = c->line_length = 0;
    c->matched = 0;
    c->first = 0;
    c->sent = now();
    // A request is smaller than an empty socket's buffer: a partial write cannot happen here.
    if (send(c->fd, request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length) errors++;
}

static void dial(Connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (void *)&address, sizeof address)) { perror("load_client: connect"); exit(1); }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
    send_request(c);
}

static int count(const char *text, size_t length, const char *word) {
    int n = 0;
    size_t step = strlen(word);
    for (const char *at = text; (at = memmem(at, length - (size_t)(at - text), word, step)); at += step) n++;
    return n;
}

static void finish(Connection *c) {
    const char *b = c->body;
    size_t n = c->body_length;
    int valid = c->status == 200 && (is_stream
        ? count(b, n, " token\"") == TOKENS && count(b, n, "\"stop\"") == 1 && count(b, n, "data: [DONE]") == 1
        : count(b, n, "Hello! This is a fixed answer of the mock engine.") == 1 && count(b, n, "84") >= 1);
    if (!valid && errors++ == 0)
        fprintf(stderr, "load_client: bad answer, status %d: %.*s\n%.*s\n", c->status, (int)c->head_length, c->head,
                n < 2000 ? (int)n : 2000, b);
    if (valid) {
        requests++;
        if (num_latencies == cap_latencies) {
            cap_latencies = cap_latencies ? cap_latencies * 2 : 4096;
            latencies = realloc(latencies, cap_latencies * sizeof *latencies);
            if (!latencies) abort();
        }
        latencies[num_latencies++] = (is_stream ? c->first : now()) - c->sent;
    }
}

static void take(Connection *c, const char *bytes, size_t length) {  // bytes of the body
    static const char mark[] = "data: ";
    for (size_t i = 0; is_stream && i < length; i++) {
        c->matched = bytes[i] == mark[c->matched] ? c->matched + 1 : bytes[i] == 'd';
        if (c->matched == 6) {
            c->matched = 0;
            events_seen++;
            if (!c->first) c->first = now();
        }
    }
    if (c->body_length + length > BODY_CAP) { fprintf(stderr, "load_client: answer too long\n"); exit(1); }
    memcpy(c->body + c->body_length, bytes, length);
    c->body_length += length;
}

// Feeds bytes to the parser. Returns 1 when an answer is complete (the client sends one request at a time, so
// nothing follows it).
static int feed(Connection *c, const char *bytes, size_t length) {
    for (size_t i = 0; i < length;) {
        switch (c->state) {
        case HEAD: {
            if (c->head_length >= HEAD_CAP - 1) { fprintf(stderr, "load_client: head too long\n"); exit(1); }
            c->head[c->head_length++] = bytes[i++];
            if (c->head_length < 4 || memcmp(c->head + c->head_length - 4, "\r\n\r\n", 4)) break;
            c->head[c->head_length] = 0;
            c->status = atoi(c->head + 9);
            char *fixed = strcasestr(c->head, "\r\ncontent-length:");
            if (fixed) {
                c->remaining = strtoul(fixed + 17, NULL, 10);
                if (!c->remaining) return 1;
                c->state = FIXED;
            } else c->state = CHUNK_SIZE;
            break;
        }
        case FIXED: case CHUNK: {
            size_t n = length - i < c->remaining ? length - i : c->remaining;
            take(c, bytes + i, n);
            i += n;
            c->remaining -= n;
            if (c->remaining) break;
            if (c->state == FIXED) return 1;
            c->remaining = 2;
            c->state = CHUNK_END;
            break;
        }
        case CHUNK_SIZE:
            if (c->line_length < sizeof c->line - 1) c->line[c->line_length++] = bytes[i];
            if (bytes[i++] != '\n') break;
            c->line[c->line_length] = 0;
            c->line_length = 0;
            c->remaining = strtoul(c->line, NULL, 16);
            c->state = c->remaining ? CHUNK : CHUNK_END;
            if (!c->remaining) { c->remaining = 2; c->status = -c->status; }  // negative: the last chunk was seen
            break;
        case CHUNK_END:
            i++;
            if (--c->remaining) break;
            if (c->status < 0) { c->status = -c->status; return 1; }
            c->state = CHUNK_SIZE;
            break;
        }
    }
    return 0;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 9) { fprintf(stderr, "usage: load_client PORT PATH KEY plain|stream CONNECTIONS SECONDS REQUESTS BODY\n"); return 2; }
    port = atoi(argv[1]);
    is_stream = !strcmp(argv[4], "stream");
    int num_connections = atoi(argv[5]);
    double seconds = atof(argv[6]);
    long wanted = atol(argv[7]), started = 0;
    request_length = (size_t)asprintf(&request,
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
        "Accept: */*\r\nContent-Length: %zu\r\n\r\n%s", argv[2], argv[3], strlen(argv[8]), argv[8]);
    poller = epoll_create1(0);
    Connection *all = calloc((size_t)num_connections, sizeof *all);
    if (!all) abort();
    double start = now();
    for (int i = 0; i < num_connections; i++, started++) dial(&all[i]);
    struct epoll_event ready[256];
    static char buffer[1 << 16];
    // After the limit the requests under way are still read to their end, so that no work of one round is left to
    // the server in the next; they count, and so does their time.
    for (int under_way = num_connections; under_way;) {
        int n = epoll_wait(poller, ready, 256, 100);
        double elapsed = now() - start;
        int over = (seconds && elapsed >= seconds) || (wanted && started >= wanted);
        if (seconds && elapsed > seconds + 30) { fprintf(stderr, "load_client: %d answers never ended\n", under_way); return 1; }
        for (int i = 0; i < n; i++) {
            Connection *c = ready[i].data.ptr;
            ssize_t got = read(c->fd, buffer, sizeof buffer);
            if (got < 0 && errno == EINTR) continue;
            if (got > 0) {
                reads++;
                if (!feed(c, buffer, (size_t)got)) continue;
                finish(c);
            } else {  // the server hung up: that request is lost
                errors++;
                close(c->fd);
            }
            if (over || (wanted && started >= wanted)) {
                if (got > 0) close(c->fd);  // or the server's own close would be counted as a lost request
                under_way--;
                continue;
            }
            started++;
            if (got > 0) send_request(c);
            else dial(c);
        }
    }
    double took = now() - start;
    qsort(latencies, num_latencies, sizeof *latencies, by_value);
    double p50 = num_latencies ? latencies[num_latencies / 2] : 0, p99 = num_latencies ? latencies[num_latencies * 99 / 100] : 0;
    printf("{\"requests\":%ld,\"errors\":%ld,\"seconds\":%.6f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"events\":%ld,\"reads\":%ld}\n",
           requests, errors, took, p50 * 1e6, p99 * 1e6, events_seen, reads);
    return errors != 0;
}
