/* Ordinary children of the supervisor. */
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "internal.h"

/* Targets of the map are 0 … 63; sources move above them first, so that no target overwrites a source. */
#define HIGHEST_TARGET 63

/* System calls and not the functions of glibc: those tell every thread of the process, and there is one here. */
static int change_ids(const struct csandbox_spawn_plan *plan) {
    if (plan->uid == CSANDBOX_KEEP_ID)
        return 0;
    gid_t group = plan->group;
    size_t count = plan->group == CSANDBOX_KEEP_ID ? 0 : 1;
    CSANDBOX_TRY(CSANDBOX_STEP_GROUPS, (int)syscall(SYS_setgroups, count, count == 0 ? NULL : &group));
    CSANDBOX_TRY(CSANDBOX_STEP_GID, (int)syscall(SYS_setresgid, plan->gid, plan->gid, plan->gid));
    CSANDBOX_TRY(CSANDBOX_STEP_UID, (int)syscall(SYS_setresuid, plan->uid, plan->uid, plan->uid));
    return 0;
}

static int map_descriptors(const struct csandbox_spawn_plan *plan, int *report, int *executable) {
    int moved[CSANDBOX_MAX_FD_MAP];
    for (size_t index = 0; index < plan->fd_count; index++) {
        moved[index] = csandbox_child_fixed(plan->fds[index].source, HIGHEST_TARGET + 1);
        CSANDBOX_TRY(CSANDBOX_STEP_DESCRIPTORS, moved[index]);
    }
    int high_report = csandbox_child_fixed(*report, HIGHEST_TARGET + 1);
    CSANDBOX_TRY(CSANDBOX_STEP_DESCRIPTORS, high_report);
    *report = high_report;
    *executable = csandbox_child_fixed(plan->executable_fd, HIGHEST_TARGET + 1);
    CSANDBOX_TRY(CSANDBOX_STEP_DESCRIPTORS, *executable);
    if (plan->directory_fd >= 0)
        CSANDBOX_TRY(CSANDBOX_STEP_WORKING_DIRECTORY, fchdir(plan->directory_fd));
    else
        CSANDBOX_TRY(CSANDBOX_STEP_WORKING_DIRECTORY, chdir("/"));
    /* Everything is marked to close on exec, then the targets are made, which are not marked. */
    CSANDBOX_TRY(
        CSANDBOX_STEP_CLOSE_DESCRIPTORS, (int)syscall(SYS_close_range, 0U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */));
    for (size_t index = 0; index < plan->fd_count; index++)
        CSANDBOX_TRY(CSANDBOX_STEP_DESCRIPTORS, dup2(moved[index], plan->fds[index].target));
    return 0;
}

static int set_up(const struct csandbox_spawn_plan *plan, int *report) {
    int executable = -1;
    CSANDBOX_TRY(CSANDBOX_STEP_SIGNALS, csandbox_child_reset_signals());
    int step = map_descriptors(plan, report, &executable);
    if (step != 0)
        return step;
    if (plan->new_session)
        CSANDBOX_TRY(CSANDBOX_STEP_SESSION, setsid());
    umask(077);
    step = change_ids(plan);
    if (step != 0)
        return step;
    syscall(SYS_execveat, executable, "", plan->argv, plan->envp, AT_EMPTY_PATH);
    return CSANDBOX_STEP_EXECUTE;
}

static int check_plan(const struct csandbox_spawn_plan *plan) {
    if (plan->fd_count > CSANDBOX_MAX_FD_MAP)
        return -E2BIG;
    if (plan->argv == NULL || plan->argv[0] == NULL || plan->envp == NULL || plan->executable_fd < 0)
        return -EINVAL;
    if ((plan->uid == CSANDBOX_KEEP_ID) != (plan->gid == CSANDBOX_KEEP_ID))
        return -EINVAL;
    for (size_t index = 0; index < plan->fd_count; index++) {
        if (plan->fds[index].target < 0 || plan->fds[index].target > HIGHEST_TARGET || plan->fds[index].source < 0)
            return -EBADF;
    }
    return 0;
}

static int failed(struct csandbox_failure *failure, int step, int error) {
    failure->step = step;
    failure->error = error;
    return -error;
}

int csandbox_spawn(
    const struct csandbox_spawn_plan *plan, struct csandbox_process *process, struct csandbox_failure *failure) {
    memset(failure, 0, sizeof *failure);
    process->pid = process->pidfd = -1;
    int result = check_plan(plan);
    if (result < 0)
        return failed(failure, CSANDBOX_STEP_PLAN, -result);
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return failed(failure, CSANDBOX_STEP_PIPE, errno);
    sigset_t previous;
    int pidfd = -1;
    pid_t pid = csandbox_clone(0, &pidfd, &previous);
    if (pid == 0) {
        int step = set_up(plan, &report[1]);
        csandbox_child_fail(report[1], step);
    }
    csandbox_close(&report[1]);
    if (pid < 0) {
        result = failed(failure, CSANDBOX_STEP_CLONE, -pid);
    } else {
        pthread_sigmask(SIG_SETMASK, &previous, NULL);
        result = csandbox_read_failure(report[0], failure);
        if (result < 0) {
            int kind = 0;
            int value = 0;
            csandbox_pidfd_send_signal(pidfd, SIGKILL);
            csandbox_pidfd_wait(pidfd, -1, &kind, &value);
            csandbox_close(&pidfd);
        }
    }
    csandbox_close(&report[0]);
    if (result == 0) {
        process->pid = pid;
        process->pidfd = pidfd;
    }
    return result;
}
