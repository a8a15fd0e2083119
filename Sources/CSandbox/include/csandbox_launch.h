/* A sandbox: the plan that Swift computes, and its launch. C only executes the plan. */
#ifndef CSANDBOX_LAUNCH_H
#define CSANDBOX_LAUNCH_H

#include <sys/resource.h>

#include "csandbox_descriptors.h"
#include "csandbox_spawn.h"

/* Most bind mounts of a plan. */
#define CSANDBOX_MAX_BINDS 96

/* A socket in the sandbox's network namespace, handed out to the caller. */
struct csandbox_listener {
    int32_t type;     /* SOCK_STREAM (listening, SO_REUSEPORT) or SOCK_DGRAM (bound) */
    uint32_t address; /* IPv4, host byte order */
    uint16_t port;
    uint16_t backlog;
    uint32_t reserved;
};

/* Paths in the new root have no leading slash; parents come before children. */
struct csandbox_directory {
    const char *path;
    uint32_t mode;
    uint32_t reserved;
};

struct csandbox_symlink {
    const char *target;
    const char *path;
};

struct csandbox_file {
    const char *path;
    const void *bytes;
    size_t count;
    uint32_t mode;
    uint32_t reserved;
};

struct csandbox_tmpfs {
    const char *path;
    uint64_t bytes;
    uint32_t mode;
    uint32_t reserved;
};

#define CSANDBOX_BIND_READ_ONLY 1u /* read-only, with everything below it */
#define CSANDBOX_BIND_OPTIONAL 2u  /* skipped when the source does not exist */
#define CSANDBOX_BIND_DEVICE 4u    /* a device node: the mount stays usable as one */

/* nosuid always; nodev unless CSANDBOX_BIND_DEVICE. The mount point is created. */
struct csandbox_bind {
    const char *source; /* path on the host, used when source_fd < 0 */
    const char *target;
    int32_t source_fd; /* detached mount (csandbox_open_mount), else -1 */
    uint32_t flags;
};

/* The limits that plans use, as plain numbers. */
enum csandbox_resource {
    CSANDBOX_LIMIT_CORE = RLIMIT_CORE,
    CSANDBOX_LIMIT_OPEN_FILES = RLIMIT_NOFILE,
    CSANDBOX_LIMIT_PROCESSES = RLIMIT_NPROC,
};

struct csandbox_limit {
    uint64_t soft;
    uint64_t hard; /* lowered to the caller's own when above */
    int32_t resource;
    uint32_t reserved;
};

struct csandbox_plan {
    const struct csandbox_listener *listeners; /* at most CSANDBOX_MAX_FDS */
    const struct csandbox_bind *binds;         /* at most CSANDBOX_MAX_BINDS */
    const struct csandbox_directory *directories;
    const struct csandbox_symlink *symlinks;
    const struct csandbox_file *files;
    const struct csandbox_tmpfs *tmpfs;
    const struct csandbox_limit *limits;
    uint32_t listener_count;
    uint32_t bind_count;
    uint32_t directory_count;
    uint32_t symlink_count;
    uint32_t file_count;
    uint32_t tmpfs_count;
    uint32_t limit_count;
    uint32_t inner_uid; /* uid and gid inside, 1000 */
    uint64_t root_bytes; /* size limit of the root file system itself */
    const char *hostname;
    const char *program; /* absolute, inside */
    char *const *argv;
    char *const *envp;
    int32_t log_fd; /* descriptors 1 and 2 of the program, -1 for /dev/null */
    uint32_t reserved;
    /* Landlock rules and the seccomp filter belong here, as data that Swift computes; see privileges.c. */
};

struct csandbox_sandbox {
    pid_t pid;           /* on the host */
    int32_t pidfd;
    int32_t init_socket; /* SOCK_SEQPACKET, descriptor 3 of the program */
    int32_t listeners[CSANDBOX_MAX_FDS]; /* in the order of the plan */
    uint32_t listener_count;
};

/* Launches a sandbox as an unprivileged caller. Returns when its program was executed or a step failed: then nothing is
 * left open or running and `failure` names the step.
 * The kernel kills the sandbox when the calling THREAD ends (PR_SET_PDEATHSIG): call it on a thread that stays. */
int csandbox_launch(
    const struct csandbox_plan *plan, struct csandbox_sandbox *sandbox, struct csandbox_failure *failure);

#endif
