/* Ordinary children: workers (for the supervisor) and commands (for init). */
#ifndef CSANDBOX_SPAWN_H
#define CSANDBOX_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where a child failed: `step` is one of CSANDBOX_STEP_…, `error` an errno. Both 0: it did not. */
struct csandbox_failure {
    int32_t step;
    int32_t error;
};

/* For uid, gid and group: leave as it is. */
#define CSANDBOX_KEEP_ID ((uint32_t)-1)

/* Most entries of a descriptor map. */
#define CSANDBOX_MAX_FD_MAP 32

/* The child's descriptor `target` (0 … 63) becomes a copy of the caller's `source`. Everything not named is closed. */
struct csandbox_fd_map {
    int32_t source;
    int32_t target;
};

struct csandbox_spawn_plan {
    /* Open program (O_RDONLY or O_PATH, with or without O_CLOEXEC), started with execveat; no scripts. */
    int32_t executable_fd;
    /* 1: setsid, so that the child outlives the caller's terminal. */
    int32_t new_session;
    char *const *argv; /* ends with NULL, at least one entry */
    char *const *envp; /* ends with NULL */
    const struct csandbox_fd_map *fds;
    size_t fd_count;
    /* CSANDBOX_KEEP_ID or real, effective and saved ids to take on. With `uid` set, `gid` must be set too and the
     * supplementary groups become exactly `group` (none for CSANDBOX_KEEP_ID). */
    uint32_t uid;
    uint32_t gid;
    uint32_t group;
    /* Open directory to start in, -1 for "/". */
    int32_t directory_fd;
};

struct csandbox_process {
    pid_t pid;
    int32_t pidfd;
};

/* Starts a child: signals at their defaults and unblocked, umask 077, no PDEATHSIG (workers outlive the supervisor).
 * Returns when the child has executed its program or failed; a failed child is reaped and leaves nothing open. `failure`
 * says where. The caller reaps the child with csandbox_pidfd_wait. */
int csandbox_spawn(
    const struct csandbox_spawn_plan *plan, struct csandbox_process *process, struct csandbox_failure *failure);

#endif
