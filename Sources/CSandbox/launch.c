/* Launch of a sandbox. */
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "internal.h"

#define NEW_NAMESPACES                                                                                    \
    (0x10000000ULL /* user */ | 0x00020000ULL /* mount */ | 0x20000000ULL /* pid */ | 0x40000000ULL /* net */ | \
     0x08000000ULL /* ipc */ | 0x04000000ULL /* uts */ | 0x02000000ULL /* cgroup */)

/* The child's descriptors while it works: above everything that has a fixed number at the end. */
#define LOWEST_WORK_FD 16
#define INIT_FD 3
#define REPORT_FD 4

struct work {
    int report;
    int socket;
    int null;
    int log;
};

static int arrange_work(struct work *work, const struct csandbox_plan *plan) {
    int null = CSANDBOX_RETRY(open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (null < 0)
        return -1;
    work->null = csandbox_child_fixed(null, LOWEST_WORK_FD);
    work->socket = csandbox_child_fixed(work->socket, LOWEST_WORK_FD);
    work->log = csandbox_child_fixed(plan->log_fd >= 0 ? plan->log_fd : null, LOWEST_WORK_FD);
    return work->null < 0 || work->socket < 0 || work->log < 0 ? -1 : 0;
}

/* Everything but 0 to 3 is closed: no descriptor of the worker or of the host's tree gets into the sandbox. */
static int arrange_final(struct work *work) {
    if (dup2(work->null, 0) < 0 || dup2(work->log, 1) < 0 || dup2(work->log, 2) < 0 || dup2(work->socket, INIT_FD) < 0)
        return -1;
    if (dup3(work->report, REPORT_FD, O_CLOEXEC) < 0)
        return -1;
    work->report = REPORT_FD;
    return (int)syscall(SYS_close_range, REPORT_FD + 1, ~0U, 0);
}

/* Runs in the child; a step on failure. */
static int set_up(const struct csandbox_plan *plan, uint32_t uid, uint32_t gid, struct work *work) {
    int sources[CSANDBOX_MAX_BINDS];
    int special[CSANDBOX_SPECIAL_COUNT] = {-1, -1};
    int root = -1;
    int old_root = -1;
    for (uint32_t index = 0; index < CSANDBOX_MAX_BINDS; index++)
        sources[index] = -1;
    CSANDBOX_TRY(CSANDBOX_STEP_SIGNALS, csandbox_child_reset_signals());
    CSANDBOX_TRY(CSANDBOX_STEP_DESCRIPTORS, arrange_work(work, plan));
    umask(0);
    int step = csandbox_child_namespaces(uid, gid);
    if (step == 0)
        step = csandbox_child_loopback();
    if (step == 0)
        step = csandbox_child_listeners(plan, work->socket);
    if (step != 0)
        return step;
    CSANDBOX_TRY(CSANDBOX_STEP_MOUNT_PRIVATE, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    step = csandbox_child_take_sources(plan, sources, special);
    if (step == 0)
        step = csandbox_child_root(plan, &root, &old_root);
    if (step == 0)
        step = csandbox_child_fill_root(plan, root, sources, special);
    if (step == 0)
        step = csandbox_child_seal_root(root, old_root);
    if (step != 0)
        return step;
    CSANDBOX_TRY(CSANDBOX_STEP_HOSTNAME, sethostname(plan->hostname, strlen(plan->hostname)));
    step = csandbox_child_inner_namespace(plan->inner_uid);
    if (step == 0)
        step = csandbox_child_privileges(plan);
    if (step != 0)
        return step;
    umask(022);
    CSANDBOX_TRY(CSANDBOX_STEP_CLOSE_DESCRIPTORS, arrange_final(work));
    execve(plan->program, plan->argv, plan->envp);
    return CSANDBOX_STEP_EXECUTE;
}

static void run_child(const struct csandbox_plan *plan, uint32_t uid, uint32_t gid, int report, int socket)
    __attribute__((noreturn));

static void run_child(const struct csandbox_plan *plan, uint32_t uid, uint32_t gid, int report, int socket) {
    struct work work = {csandbox_child_fixed(report, LOWEST_WORK_FD), socket, -1, -1};
    if (work.report < 0)
        csandbox_child_fail(report, CSANDBOX_STEP_DESCRIPTORS);
    int step = set_up(plan, uid, gid, &work);
    csandbox_child_fail(work.report, step);
}

static int check_plan(const struct csandbox_plan *plan) {
    if (plan->listener_count > CSANDBOX_MAX_FDS || plan->bind_count > CSANDBOX_MAX_BINDS)
        return -E2BIG;
    if (plan->program == NULL || plan->argv == NULL || plan->argv[0] == NULL || plan->envp == NULL ||
        plan->hostname == NULL)
        return -EINVAL;
    for (uint32_t index = 0; index < plan->listener_count; index++) {
        int type = plan->listeners[index].type;
        if (type != SOCK_STREAM && type != SOCK_DGRAM)
            return -EINVAL;
    }
    return 0;
}

/* The child sent the listeners before it executed its program, so they are there already. */
static int receive_listeners(const struct csandbox_plan *plan, struct csandbox_sandbox *sandbox) {
    char byte = 0;
    size_t count = 0;
    ssize_t received =
        csandbox_recv_fds(sandbox->init_socket, &byte, 1, sandbox->listeners, CSANDBOX_MAX_FDS, &count);
    sandbox->listener_count = (uint32_t)count;
    if (received < 0)
        return (int)received;
    return received == 1 && byte == 'L' && count == plan->listener_count ? 0 : -EPROTO;
}

static void discard(struct csandbox_sandbox *sandbox) {
    int kind = 0;
    int value = 0;
    if (sandbox->pidfd >= 0) {
        csandbox_pidfd_send_signal(sandbox->pidfd, SIGKILL);
        csandbox_pidfd_wait(sandbox->pidfd, -1, &kind, &value); /* a killed process ends */
    }
    csandbox_close(&sandbox->pidfd);
    csandbox_close(&sandbox->init_socket);
    while (sandbox->listener_count > 0)
        csandbox_close(&sandbox->listeners[--sandbox->listener_count]);
    sandbox->pid = -1;
}

static int failed(struct csandbox_failure *failure, int step, int error) {
    failure->step = step;
    failure->error = error;
    return -error;
}

int csandbox_launch(
    const struct csandbox_plan *plan, struct csandbox_sandbox *sandbox, struct csandbox_failure *failure) {
    memset(failure, 0, sizeof *failure);
    memset(sandbox, 0, sizeof *sandbox);
    sandbox->pid = sandbox->pidfd = sandbox->init_socket = -1;
    int result = check_plan(plan);
    if (result < 0)
        return failed(failure, CSANDBOX_STEP_PLAN, -result);
    int report[2];
    int sockets[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return failed(failure, CSANDBOX_STEP_PIPE, errno);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        result = failed(failure, CSANDBOX_STEP_SOCKETPAIR, errno);
        csandbox_close(&report[0]);
        csandbox_close(&report[1]);
        return result;
    }
    uint32_t uid = geteuid();
    uint32_t gid = getegid();
    sandbox->init_socket = sockets[0];
    sigset_t previous;
    pid_t pid = csandbox_clone(NEW_NAMESPACES, &sandbox->pidfd, &previous);
    if (pid == 0)
        run_child(plan, uid, gid, report[1], sockets[1]);
    csandbox_close(&report[1]);
    csandbox_close(&sockets[1]);
    if (pid < 0) {
        sandbox->pidfd = -1;
        result = failed(failure, CSANDBOX_STEP_CLONE, -pid);
    } else {
        pthread_sigmask(SIG_SETMASK, &previous, NULL);
        sandbox->pid = pid;
        result = csandbox_read_failure(report[0], failure);
        if (result == 0 && (result = receive_listeners(plan, sandbox)) < 0)
            failed(failure, CSANDBOX_STEP_RECEIVE_LISTENERS, -result);
    }
    csandbox_close(&report[0]);
    if (result < 0)
        discard(sandbox);
    return result;
}
