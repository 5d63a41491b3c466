/* SPDX-License-Identifier: Apache-2.0 */

/*
 * TLS for the accepting side of a non-blocking socket, by OpenSSL 3.
 *
 * libssl is loaded by the first call of swiftlet_tls_context_make(): most functions never speak
 * TLS, and would pay for it at every start.
 */

#pragma once

/* No header of the C library but these; see CLinux.h. */
#include <stddef.h>
#include <stdint.h>

/* A certificate with its key; reference-counted by the sessions that were made of it. */
typedef struct swiftlet_tls_context swiftlet_tls_context;
/* One connection; does not own its descriptor. */
typedef struct swiftlet_tls_session swiftlet_tls_session;

/* What a call came to when it is not a number of bytes. */
enum {
    /* The peer has said that it sends no more. */
    swiftlet_tls_end = 0,
    swiftlet_tls_wants_read = -1,
    swiftlet_tls_wants_write = -2,
    swiftlet_tls_failed = -3,
    /* The peer speaks HTTP without TLS. */
    swiftlet_tls_plain_http = -4,
};

/* What keeps a context from being made. */
typedef enum {
    swiftlet_tls_library_fails,
    swiftlet_tls_certificate_fails,
    swiftlet_tls_key_fails,
    /* The key is not that of the certificate. */
    swiftlet_tls_pair_fails,
} swiftlet_tls_fault;

/*
 * NULL on failure, with what it lies in and the library's words for it. TLS 1.2 or newer, no
 * renegotiation; `h2` and `http/1.1` are chosen by ALPN in this order.
 */
swiftlet_tls_context *swiftlet_tls_context_make(const char *certificate_path, const char *key_path,
                                                swiftlet_tls_fault *fault, char *reason,
                                                size_t reason_length);
void swiftlet_tls_context_free(swiftlet_tls_context *context);

/* NULL when there is no memory. */
swiftlet_tls_session *swiftlet_tls_session_make(swiftlet_tls_context *context, int fd);
void swiftlet_tls_session_free(swiftlet_tls_session *session);

/* 1 when it is done. */
int swiftlet_tls_handshake(swiftlet_tls_session *session);
int swiftlet_tls_chose_http2(swiftlet_tls_session *session);
/* A number of bytes, or what else came of it. */
long swiftlet_tls_read(swiftlet_tls_session *session, void *bytes, size_t length);
/* After `wants_write` the same bytes, and perhaps more behind them, have to come again. */
long swiftlet_tls_write(swiftlet_tls_session *session, const void *bytes, size_t length);
/* Says that nothing more is sent, if the socket takes it now. */
void swiftlet_tls_shutdown(swiftlet_tls_session *session);
