/* Commands of a sandbox, started by its pid 1, which has one thread. */
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "internal.h"

#define LOWEST_WORK_FD 16
#define REPORT_FD 3

/* With one thread fork copies a consistent heap, so execvp, which looks at `environ`, is safe here. */
static int run(const struct csandbox_command *command, int *report) {
    CSANDBOX_TRY(CSANDBOX_STEP_SIGNALS, csandbox_child_reset_signals());
    CSANDBOX_TRY(CSANDBOX_STEP_SESSION, setsid());
    int moved[3];
    for (int index = 0; index < 3; index++) {
        moved[index] = csandbox_child_fixed(command->stdio[index], LOWEST_WORK_FD);
        CSANDBOX_TRY(CSANDBOX_STEP_DESCRIPTORS, moved[index]);
    }
    int high_report = csandbox_child_fixed(*report, LOWEST_WORK_FD);
    CSANDBOX_TRY(CSANDBOX_STEP_DESCRIPTORS, high_report);
    *report = high_report;
    for (int index = 0; index < 3; index++)
        CSANDBOX_TRY(CSANDBOX_STEP_DESCRIPTORS, dup2(moved[index], index));
    CSANDBOX_TRY(CSANDBOX_STEP_DESCRIPTORS, dup3(high_report, REPORT_FD, O_CLOEXEC));
    *report = REPORT_FD;
    CSANDBOX_TRY(CSANDBOX_STEP_CLOSE_DESCRIPTORS, (int)syscall(SYS_close_range, REPORT_FD + 1, ~0U, 0));
    if (command->terminal)
        CSANDBOX_TRY(CSANDBOX_STEP_TERMINAL, ioctl(0, TIOCSCTTY, 0));
    CSANDBOX_TRY(CSANDBOX_STEP_WORKING_DIRECTORY, chdir(command->directory));
    umask(022);
    environ = (char **)(uintptr_t)command->envp;
    execvp(command->argv[0], command->argv);
    return CSANDBOX_STEP_EXECUTE;
}

int csandbox_start_command(const struct csandbox_command *command, pid_t *pid, struct csandbox_failure *failure) {
    memset(failure, 0, sizeof *failure);
    *pid = -1;
    if (command->argv == NULL || command->argv[0] == NULL || command->envp == NULL || command->directory == NULL) {
        *failure = (struct csandbox_failure){CSANDBOX_STEP_PLAN, EINVAL};
        return -EINVAL;
    }
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) {
        *failure = (struct csandbox_failure){CSANDBOX_STEP_PIPE, errno};
        return -failure->error;
    }
    sigset_t all;
    sigset_t previous;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &previous);
    pid_t child = fork();
    int error = errno;
    if (child == 0) {
        int step = run(command, &report[1]);
        csandbox_child_fail(report[1], step);
    }
    sigprocmask(SIG_SETMASK, &previous, NULL);
    csandbox_close(&report[1]);
    int result = -error;
    if (child < 0) {
        *failure = (struct csandbox_failure){CSANDBOX_STEP_CLONE, error};
    } else {
        result = csandbox_read_failure(report[0], failure);
        if (result < 0)
            CSANDBOX_RETRY(waitpid(child, NULL, 0));
        else
            *pid = child;
    }
    csandbox_close(&report[0]);
    return result;
}

int csandbox_resize_terminal(int master, uint16_t columns, uint16_t rows) {
    struct winsize size;
    memset(&size, 0, sizeof size);
    size.ws_col = columns;
    size.ws_row = rows;
    return ioctl(master, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

int csandbox_open_terminal(uint16_t columns, uint16_t rows, int *master, int *slave) {
    *slave = -1;
    *master = CSANDBOX_RETRY(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (*master < 0)
        return -errno;
    int locked = 0;
    int result = 0;
    if (ioctl(*master, TIOCSPTLCK, &locked) < 0)
        result = -errno;
    if (result == 0) {
        /* By the master and not by name: nobody can have put anything else there. */
        *slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        result = *slave < 0 ? -errno : csandbox_resize_terminal(*master, columns, rows);
    }
    if (result < 0) {
        csandbox_close(slave);
        csandbox_close(master);
    }
    return result;
}

int csandbox_init_prepare(void) {
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -errno;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -errno;
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &children, NULL) < 0)
        return -errno;
    int fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

pid_t csandbox_reap(int *kind, int *value) {
    int status = 0;
    pid_t pid = CSANDBOX_RETRY(waitpid(-1, &status, WNOHANG));
    if (pid < 0)
        return -errno;
    if (pid == 0)
        return 0;
    *kind = WIFSIGNALED(status) ? 1 : 0;
    *value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return pid;
}

void csandbox_drain_signals(int signals) {
    struct signalfd_siginfo info[8];
    while (read(signals, info, sizeof info) > 0) {
    }
}

int csandbox_poll_two(int first, int second, int timeout_milliseconds) {
    struct pollfd entries[2] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
    int ready = poll(entries, 2, timeout_milliseconds);
    if (ready < 0)
        return errno == EINTR ? 0 : -errno;
    return (entries[0].revents != 0 ? 1 : 0) | (entries[1].revents != 0 ? 2 : 0);
}

int64_t csandbox_now_milliseconds(void) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
