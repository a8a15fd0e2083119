/* Shared by the C files only. Functions that run between clone and exec say "child": async-signal-safe calls, no
 * allocation, no return to the caller's code. */
#ifndef CSANDBOX_INTERNAL_H
#define CSANDBOX_INTERNAL_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "csandbox.h"

/* Debian 12's headers may miss these; numbers are the same on every architecture (asm-generic). */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

/* clone3(2). Our own, so that no kernel header has to have it. */
struct csandbox_clone_args {
    uint64_t flags;
    uint64_t pidfd;
    uint64_t child_tid;
    uint64_t parent_tid;
    uint64_t exit_signal;
    uint64_t stack;
    uint64_t stack_size;
    uint64_t tls;
    uint64_t set_tid;
    uint64_t set_tid_size;
    uint64_t cgroup;
};

/* mount_setattr(2) */
struct csandbox_mount_attr {
    uint64_t set;
    uint64_t clear;
    uint64_t propagation;
    uint64_t userns_fd;
};

_Static_assert(sizeof(struct csandbox_clone_args) == 88, "clone_args of Linux 5.7");
_Static_assert(sizeof(struct csandbox_mount_attr) == 32, "mount_attr of Linux 5.12");
_Static_assert(sizeof(struct csandbox_failure) == 8, "one atomic write to the error pipe");
_Static_assert(sizeof(struct csandbox_listener) == 16, "no padding");
_Static_assert(sizeof(struct csandbox_bind) == 24, "no padding");
_Static_assert(sizeof(struct csandbox_limit) == 24, "no padding");
_Static_assert(sizeof(struct csandbox_fd_map) == 8, "no padding");

/* Retries an expression that sets errno while a signal interrupts it. */
#define CSANDBOX_RETRY(expression)                            \
    ({                                                        \
        __typeof__(expression) csandbox_result;               \
        do {                                                  \
            csandbox_result = (expression);                   \
        } while (csandbox_result == -1 && errno == EINTR);    \
        csandbox_result;                                      \
    })

/* Returns `step` from a child function and leaves the cause in errno. */
#define CSANDBOX_TRY(step, expression) \
    do {                               \
        if ((expression) < 0)          \
            return (step);             \
    } while (0)

static inline void csandbox_close(int *fd) {
    if (*fd >= 0)
        close(*fd); /* never retried: Linux has closed it even on EINTR, close(2) */
    *fd = -1;
}

/* process.c */
pid_t csandbox_clone(uint64_t flags, int *pidfd, sigset_t *previous);
int csandbox_child_reset_signals(void);
void csandbox_child_fail(int pipe, int step) __attribute__((noreturn));
int csandbox_read_failure(int pipe, struct csandbox_failure *failure);
int csandbox_child_fixed(int fd, int lowest);

/* Every one of these runs in a child and returns 0 or a step, with errno. */
int csandbox_child_namespaces(uint32_t uid, uint32_t gid);                                     /* namespaces.c */
int csandbox_child_loopback(void);                                                             /* namespaces.c */
int csandbox_child_inner_namespace(uint32_t inner_uid);                                        /* namespaces.c */
int csandbox_child_listeners(const struct csandbox_plan *plan, int socket);                    /* listeners.c */
int csandbox_child_take_sources(const struct csandbox_plan *plan, int *sources, int *special); /* sources.c */
int csandbox_child_root(const struct csandbox_plan *plan, int *root, int *old_root);           /* mounts.c */
int csandbox_child_fill_root(const struct csandbox_plan *plan, int root, int *sources, int *special); /* tree.c */
int csandbox_child_seal_root(int root, int old_root);                                          /* mounts.c */
int csandbox_child_seal_proc(void);                                                            /* mounts.c */
int csandbox_child_privileges(const struct csandbox_plan *plan);                               /* privileges.c */

/* sources.c, mounts.c: thin system calls */
int csandbox_new_mount(const char *type, const char *const *options, uint64_t attributes);
int csandbox_attach(int mount, int directory, const char *path);
int csandbox_set_attributes(int mount, uint64_t set, int recursive);
int csandbox_copy_mount(const char *path);
char *csandbox_decimal(uint64_t value, char *end);
int csandbox_write_file(int directory, const char *path, const char *text, size_t count);

/* Indices of the file systems that have to be made while the host's tree is still visible. */
enum { CSANDBOX_PROC, CSANDBOX_DEVPTS, CSANDBOX_SPECIAL_COUNT };

#endif
