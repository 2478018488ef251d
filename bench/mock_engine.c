// A mock engine for bench/gateway.py: one thread, epoll, fixed answers, streams PACED by a timer.
//
//     mock_engine PORT
//
// POST (any path)  no "stream":true  -> JSON with content-length
//                  "stream":true     -> 66 server-sent events (role, 64 tokens, finish) and [DONE];
//                                       one event every 10 ms, or every N ms if the body says "pace=N".
//                                       All streams of one pace move together, as those of a batching engine do.
//                                       An unpaced mock would hand the gateway blobs of many events and flatter it.
//                  "continuous_usage_stats":true -> every event carries cumulative usage as its LAST key, as vLLM gives it
//                  "include_usage":true          -> one more event with empty choices and the usage
// GET  (any path)  -> {"status":"ok"}
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { MAX_FD = 8192, DEFAULT_PACE = 10, IN_CAP = 1 << 16, TOKENS = 64, EVENTS = TOKENS + 2, FRAME_CAP = 1024 };

typedef struct { char bytes[FRAME_CAP]; int length; } Frame;

typedef struct {
    char in[IN_CAP + 1];
    int in_length;
    char *out;
    size_t out_start, out_end, out_cap;
    int next_event;      // index of the event that the next tick sends; -1 = no stream runs
    int with_usage, final_usage;
    unsigned pace;       // milliseconds between events
} Connection;

static Connection *connections[MAX_FD];
static int streaming[MAX_FD], num_streaming;  // descriptors of running streams, so that a tick touches only them
static int poller;
static Frame answer, healthy, events[2][EVENTS], usage_event, done_event;  // events[1] carry usage

static const char *STREAM_HEAD =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";

static void render_json(Frame *frame, const char *body) {
    frame->length = snprintf(frame->bytes, FRAME_CAP,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
}

static void render_event(Frame *frame, const char *data, const char *tail) {
    char body[FRAME_CAP];
    int length = snprintf(body, sizeof body, "data: %s\n\n", data);
    frame->length = snprintf(frame->bytes, FRAME_CAP, "%x\r\n%s\r\n%s", length, body, tail);
}

static void render_all(void) {
    static char json[FRAME_CAP - 128];
    snprintf(json, sizeof json,
        "{\"id\":\"chatcmpl-mock0000000000000000000000\",\"object\":\"chat.completion\",\"created\":1700000000,"
        "\"model\":\"mock\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
        "\"Hello! This is a fixed answer of the mock engine.\",\"refusal\":null},\"logprobs\":null,"
        "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":64,\"total_tokens\":84}}");
    render_json(&answer, json);
    render_json(&healthy, "{\"status\":\"ok\"}");
    for (int with_usage = 0; with_usage < 2; with_usage++) {
        for (int i = 0; i < EVENTS; i++) {
            const char *delta = i == 0 ? "\"role\":\"assistant\",\"content\":\"\"" : i <= TOKENS ? "\"content\":\" token\"" : "";
            const char *finish = i <= TOKENS ? "null" : "\"stop\"";
            char usage[96] = "", data[FRAME_CAP / 2];
            int tokens = i <= TOKENS ? i : TOKENS;
            if (with_usage)
                snprintf(usage, sizeof usage, ",\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":%d,\"total_tokens\":%d}",
                         tokens, 20 + tokens);
            snprintf(data, sizeof data,
                "{\"id\":\"chatcmpl-mock0000000000000000000000\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
                "\"model\":\"mock\",\"choices\":[{\"index\":0,\"delta\":{%s},\"logprobs\":null,\"finish_reason\":%s}]%s}",
                delta, finish, usage);
            render_event(&events[with_usage][i], data, "");
        }
    }
    render_event(&usage_event,
        "{\"id\":\"chatcmpl-mock0000000000000000000000\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
        "\"model\":\"mock\",\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":64,\"total_tokens\":84}}", "");
    render_event(&done_event, "[DONE]", "0\r\n\r\n");
}

static void append(Connection *c, const char *bytes, size_t length) {
    if (c->out_start == c->out_end) c->out_start = c->out_end = 0;
    if (c->out_end + length > c->out_cap) {
        c->out_cap = (c->out_end + length) * 2;
        c->out = realloc(c->out, c->out_cap);
        if (!c->out) abort();
    }
    memcpy(c->out + c->out_end, bytes, length);
    c->out_end += length;
}

static void stop_stream(int fd) {
    connections[fd]->next_event = -1;
    for (int i = 0; i < num_streaming; i++)
        if (streaming[i] == fd) { streaming[i] = streaming[--num_streaming]; return; }
}

static void hang_up(int fd) {
    stop_stream(fd);
    close(fd);
    free(connections[fd]->out);
    free(connections[fd]);
    connections[fd] = NULL;
}

// Writes what it can; the rest waits for EPOLLOUT. Hangs up when the peer is gone.
static void flush_out(int fd) {
    Connection *c = connections[fd];
    while (c->out_start < c->out_end) {
        ssize_t n = send(fd, c->out + c->out_start, c->out_end - c->out_start, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            struct epoll_event more = {.events = EPOLLIN | EPOLLOUT, .data.fd = fd};
            epoll_ctl(poller, EPOLL_CTL_MOD, fd, &more);
            return;
        }
        if (n < 0) { hang_up(fd); return; }
        c->out_start += (size_t)n;
    }
}

static int body_says(const char *body, size_t length, const char *key) {  // "key":true or "key": true
    size_t key_length = strlen(key);
    for (const char *at = body; (at = memmem(at, length - (size_t)(at - body), key, key_length)); at += key_length) {
        const char *value = at + key_length;
        while (value < body + length && (*value == ' ' || *value == ':')) value++;
        if (body + length - value >= 4 && !memcmp(value, "true", 4)) return 1;
    }
    return 0;
}

static void send_event(int fd) {
    Connection *c = connections[fd];
    Frame *frame = &events[c->with_usage][c->next_event];
    append(c, frame->bytes, (size_t)frame->length);
    if (++c->next_event == EVENTS) {
        if (c->final_usage) append(c, usage_event.bytes, (size_t)usage_event.length);
        append(c, done_event.bytes, (size_t)done_event.length);
        stop_stream(fd);
    }
}

// Answers every whole request in the buffer.
static void handle(int fd) {
    Connection *c = connections[fd];
    for (;;) {
        c->in[c->in_length] = 0;
        char *end = strstr(c->in, "\r\n\r\n");
        if (!end) return;
        size_t head = (size_t)(end - c->in) + 4, length = 0;
        char *announced = strcasestr(c->in, "content-length:");
        if (announced && announced < end) length = strtoul(announced + 15, NULL, 10);
        if ((size_t)c->in_length < head + length) return;
        const char *body = c->in + head;
        if (c->in[0] == 'G') append(c, healthy.bytes, (size_t)healthy.length);
        else if (!body_says(body, length, "\"stream\"")) append(c, answer.bytes, (size_t)answer.length);
        else {
            append(c, STREAM_HEAD, strlen(STREAM_HEAD));
            c->with_usage = body_says(body, length, "\"continuous_usage_stats\"");
            c->final_usage = body_says(body, length, "\"include_usage\"");
            const char *pace = memmem(body, length, "pace=", 5);
            c->pace = pace ? (unsigned)atoi(pace + 5) : DEFAULT_PACE;
            if (!c->pace) c->pace = DEFAULT_PACE;
            c->next_event = 0;
            streaming[num_streaming++] = fd;
        }
        memmove(c->in, c->in + head + length, (size_t)c->in_length - head - length);
        c->in_length -= (int)(head + length);
        if (!c->in_length) return;
    }
}

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void welcome(int listener) {
    for (int fd, one = 1; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        if (fd >= MAX_FD) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connections[fd] = calloc(1, sizeof(Connection));
        if (!connections[fd]) abort();
        connections[fd]->next_event = -1;
        watch(fd);
    }
}

int main(int argc, char **argv) {
    if (argc < 2) { fprintf(stderr, "usage: mock_engine PORT\n"); return 2; }
    unsigned long clock_ms = 0;
    render_all();
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 1024)) { perror("mock_engine"); return 1; }
    poller = epoll_create1(0);
    watch(listener);
    int ticker = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec every_ms = {.it_interval = {0, 1000000}, .it_value = {0, 1000000}};
    timerfd_settime(ticker, 0, &every_ms, NULL);
    watch(ticker);
    puts("ready");
    fflush(stdout);
    for (struct epoll_event ready[256];;) {
        int n = epoll_wait(poller, ready, 256, -1);
        for (int i = 0; i < n; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) { welcome(listener); continue; }
            if (fd == ticker) {
                uint64_t ticks;
                if (read(ticker, &ticks, sizeof ticks) < 0) continue;
                clock_ms++;
                // From the end, because a stream that ends swaps the last one into its place.
                for (int k = num_streaming - 1; k >= 0; k--) {
                    int stream = streaming[k];
                    if (clock_ms % connections[stream]->pace) continue;
                    send_event(stream);
                    flush_out(stream);
                }
                continue;
            }
            Connection *c = connections[fd];
            if (!c) continue;  // hung up earlier in this batch
            if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                ssize_t got = read(fd, c->in + c->in_length, (size_t)(IN_CAP - c->in_length));
                if (got < 0 && errno == EAGAIN) continue;
                if (got <= 0) { hang_up(fd); continue; }
                c->in_length += (int)got;
                handle(fd);
            }
            if (c->out_start < c->out_end) flush_out(fd);
            if (connections[fd] && (ready[i].events & EPOLLOUT) && c->out_start == c->out_end) {
                struct epoll_event calm = {.events = EPOLLIN, .data.fd = fd};
                epoll_ctl(poller, EPOLL_CTL_MOD, fd, &calm);
            }
        }
    }
}
