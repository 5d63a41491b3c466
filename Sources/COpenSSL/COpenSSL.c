/* SPDX-License-Identifier: Apache-2.0 */

#define _GNU_SOURCE

#include "COpenSSL.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Every function of the library that is called here. */
#define FUNCTIONS(call) \
    call(BIO_clear_flags) call(BIO_get_data) call(BIO_get_new_index) call(BIO_meth_new) \
    call(BIO_meth_set_ctrl) call(BIO_meth_set_read) call(BIO_meth_set_write) call(BIO_new) \
    call(BIO_set_data) call(BIO_set_flags) call(BIO_set_init) call(ERR_clear_error) \
    call(ERR_peek_last_error) call(ERR_reason_error_string) call(SSL_CTX_check_private_key) \
    call(SSL_CTX_ctrl) call(SSL_CTX_free) call(SSL_CTX_new) call(SSL_CTX_set_alpn_select_cb) \
    call(SSL_CTX_set_default_passwd_cb) call(SSL_CTX_set_options) \
    call(SSL_CTX_use_PrivateKey_file) call(SSL_CTX_use_certificate_chain_file) call(SSL_free) \
    call(SSL_get0_alpn_selected) call(SSL_get_error) call(SSL_new) call(SSL_accept) \
    call(SSL_read) call(SSL_set_accept_state) call(SSL_set_bio) call(SSL_shutdown) \
    call(SSL_write) call(TLS_server_method)

#define DECLARE(name) __typeof__(&name) name;
static struct { FUNCTIONS(DECLARE) } library;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static BIO_METHOD *socket_method;
static char load_failure[256];

static int socket_read(BIO *bio, char *bytes, int length);
static int socket_write(BIO *bio, const char *bytes, int length);
static long socket_control(BIO *bio, int command, long number, void *pointer);

static void load(void) {
    void *handle = dlopen("libssl.so.3", RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL) {
        snprintf(load_failure, sizeof load_failure,
                 "TLS needs OpenSSL 3 (Debian: libssl3), which was not found: %s", dlerror());
        return;
    }
#define FIND(name) \
    library.name = (__typeof__(&name))dlsym(handle, #name); \
    if (library.name == NULL) { \
        snprintf(load_failure, sizeof load_failure, "libssl.so.3 lacks " #name); \
        return; \
    }
    FUNCTIONS(FIND)
    BIO_METHOD *method =
        library.BIO_meth_new(library.BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (method == NULL || !library.BIO_meth_set_read(method, socket_read) ||
        !library.BIO_meth_set_write(method, socket_write) ||
        !library.BIO_meth_set_ctrl(method, socket_control)) {
        snprintf(load_failure, sizeof load_failure, "there is no memory for TLS");
        return;
    }
    socket_method = method;
}

/* The library's own socket BIO would raise SIGPIPE. */

static int descriptor(BIO *bio) { return (int)(intptr_t)library.BIO_get_data(bio); }

static int socket_result(BIO *bio, ssize_t count, int retry) {
    library.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    if (count < 0 && errno == EAGAIN) library.BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
    return (int)count;
}

static int socket_read(BIO *bio, char *bytes, int length) {
    ssize_t count;
    do count = recv(descriptor(bio), bytes, (size_t)length, 0);
    while (count < 0 && errno == EINTR);
    return socket_result(bio, count, BIO_FLAGS_READ);
}

static int socket_write(BIO *bio, const char *bytes, int length) {
    ssize_t count;
    do count = send(descriptor(bio), bytes, (size_t)length, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return socket_result(bio, count, BIO_FLAGS_WRITE);
}

static long socket_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

/* A key that asks for a password would wait for one on the terminal. */
static int no_password(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return 0;
}

static int select_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
                           const unsigned char *offered, unsigned int offered_length,
                           void *context) {
    (void)ssl, (void)context;
    static const unsigned char known[] = "\2h2\10http/1.1";
    for (unsigned int ours = 0; ours < sizeof known - 1; ours += 1u + known[ours]) {
        for (unsigned int theirs = 0; theirs < offered_length; theirs += 1u + offered[theirs]) {
            if (offered[theirs] != known[ours] || theirs + known[ours] >= offered_length) continue;
            if (memcmp(offered + theirs + 1, known + ours + 1, known[ours]) != 0) continue;
            *chosen = known + ours + 1;
            *length = known[ours];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    /* RFC 7301 section 3.2 */
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Whether the last error is that a key was read which is not that of the certificate. */
static int key_mismatches(void) {
    unsigned long error = library.ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_X509 &&
           (ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH ||
            ERR_GET_REASON(error) == X509_R_KEY_TYPE_MISMATCH);
}

static void explain(char *reason, size_t length) {
    const char *words = library.ERR_reason_error_string(library.ERR_peek_last_error());
    snprintf(reason, length, "%s", words ? words : "unknown");
}

swiftlet_tls_context *swiftlet_tls_context_make(const char *certificate_path, const char *key_path,
                                                swiftlet_tls_fault *fault, char *reason,
                                                size_t reason_length) {
    *fault = swiftlet_tls_library_fails;
    pthread_once(&once, load);
    if (socket_method == NULL) {
        snprintf(reason, reason_length, "%s", load_failure);
        return NULL;
    }
    library.ERR_clear_error();
    SSL_CTX *context = library.SSL_CTX_new(library.TLS_server_method());
    if (context == NULL) {
        explain(reason, reason_length);
        return NULL;
    }
    library.SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
    /* Buffers are given back while a connection is idle; a write may be cut, and come again from
     * another place; sessions are resumed by tickets, and not kept here. */
    library.SSL_CTX_ctrl(context, SSL_CTRL_MODE,
                         SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                             SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                         NULL);
    library.SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
    library.SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, NULL);
    library.SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    library.SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    library.SSL_CTX_set_default_passwd_cb(context, no_password);
    if (library.SSL_CTX_use_certificate_chain_file(context, certificate_path) != 1) {
        *fault = swiftlet_tls_certificate_fails;
    } else if (library.SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1) {
        *fault = key_mismatches() ? swiftlet_tls_pair_fails : swiftlet_tls_key_fails;
    } else if (library.SSL_CTX_check_private_key(context) != 1) {
        *fault = swiftlet_tls_pair_fails;
    } else {
        return (swiftlet_tls_context *)context;
    }
    explain(reason, reason_length);
    library.SSL_CTX_free(context);
    library.ERR_clear_error();
    return NULL;
}

void swiftlet_tls_context_free(swiftlet_tls_context *context) {
    library.SSL_CTX_free((SSL_CTX *)context);
}

swiftlet_tls_session *swiftlet_tls_session_make(swiftlet_tls_context *context, int fd) {
    library.ERR_clear_error();
    SSL *ssl = library.SSL_new((SSL_CTX *)context);
    BIO *bio = ssl == NULL ? NULL : library.BIO_new(socket_method);
    if (bio == NULL) {
        library.SSL_free(ssl);
        return NULL;
    }
    library.BIO_set_data(bio, (void *)(intptr_t)fd);
    library.BIO_set_init(bio, 1);
    library.SSL_set_bio(ssl, bio, bio);
    library.SSL_set_accept_state(ssl);
    return (swiftlet_tls_session *)ssl;
}

void swiftlet_tls_session_free(swiftlet_tls_session *session) { library.SSL_free((SSL *)session); }

/* What a call of the library came to that returned no success; its errors are per thread. */
static int outcome(SSL *ssl, int result) {
    switch (library.SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ: return swiftlet_tls_wants_read;
    case SSL_ERROR_WANT_WRITE: return swiftlet_tls_wants_write;
    case SSL_ERROR_ZERO_RETURN: return swiftlet_tls_end;
    default: break;
    }
    int reason = ERR_GET_REASON(library.ERR_peek_last_error());
    library.ERR_clear_error();
    return reason == SSL_R_HTTP_REQUEST ? swiftlet_tls_plain_http : swiftlet_tls_failed;
}

int swiftlet_tls_handshake(swiftlet_tls_session *session) {
    library.ERR_clear_error();
    int result = library.SSL_accept((SSL *)session);
    return result == 1 ? 1 : outcome((SSL *)session, result);
}

int swiftlet_tls_chose_http2(swiftlet_tls_session *session) {
    const unsigned char *name = NULL;
    unsigned int length = 0;
    library.SSL_get0_alpn_selected((SSL *)session, &name, &length);
    return length == 2 && memcmp(name, "h2", 2) == 0;
}

long swiftlet_tls_read(swiftlet_tls_session *session, void *bytes, size_t length) {
    library.ERR_clear_error();
    int result =
        library.SSL_read((SSL *)session, bytes, length > INT32_MAX ? INT32_MAX : (int)length);
    return result > 0 ? result : outcome((SSL *)session, result);
}

long swiftlet_tls_write(swiftlet_tls_session *session, const void *bytes, size_t length) {
    library.ERR_clear_error();
    int result =
        library.SSL_write((SSL *)session, bytes, length > INT32_MAX ? INT32_MAX : (int)length);
    return result > 0 ? result : outcome((SSL *)session, result);
}

void swiftlet_tls_shutdown(swiftlet_tls_session *session) {
    library.ERR_clear_error();
    library.SSL_shutdown((SSL *)session);
    library.ERR_clear_error();
}
