/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Counts calls of malloc, calloc, realloc and the aligned forms in any program that is started with
 * it in LD_PRELOAD. The count lies in the eight bytes of the file that ALLOCATIONS_FILE names, for
 * another process to read, and swiftlet_allocations() gives it to the program itself.
 */

#define _GNU_SOURCE

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The allocator of glibc under the names that nobody replaces. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Atomic uint64_t private_count;
static _Atomic uint64_t *count = &private_count;

__attribute__((constructor)) static void share_count(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    if (path == NULL) return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *page = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) count = page;
    close(fd);
}

static void add(void) { atomic_fetch_add_explicit(count, 1, memory_order_relaxed); }

uint64_t swiftlet_allocations(void) { return atomic_load_explicit(count, memory_order_relaxed); }

void *malloc(size_t size) {
    add();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    add();
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    add();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    add();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = memalign(alignment, size);
    return *block == NULL ? 12 : 0; /* ENOMEM */
}
