/* What every child has in common: clone3, signals, the error pipe, descriptors out of the way. */
#include <string.h>

#include "internal.h"

#define CSANDBOX_CLONE_PIDFD 0x00001000ULL

/* Like fork with a process descriptor. All signals are blocked around it: until the child has reset its handlers, a
 * handler of the caller's (perhaps Swift code) must not run in it. The caller restores *previous in the parent. */
pid_t csandbox_clone(uint64_t flags, int *pidfd, sigset_t *previous) {
    sigset_t all;
    sigfillset(&all);
    int blocked = pthread_sigmask(SIG_SETMASK, &all, previous);
    if (blocked != 0)
        return -blocked;
    struct csandbox_clone_args args;
    memset(&args, 0, sizeof args);
    args.flags = flags | CSANDBOX_CLONE_PIDFD;
    args.pidfd = (uint64_t)(uintptr_t)pidfd;
    args.exit_signal = SIGCHLD;
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) {
        int error = errno;
        pthread_sigmask(SIG_SETMASK, previous, NULL);
        return -error;
    }
    return (pid_t)pid;
}

#define KERNEL_SIGNALS 64

/* Child: all handlers back to their defaults, then nothing blocked. The system call and not sigaction(3), which refuses
 * the two signals that glibc keeps for itself: ignored ones would stay ignored across exec. All zero is SIG_DFL without
 * flags in the kernel's sigaction on every architecture. */
int csandbox_child_reset_signals(void) {
    unsigned long action[8];
    memset(action, 0, sizeof action);
    for (int signal = 1; signal <= KERNEL_SIGNALS; signal++) {
        if (signal == SIGKILL || signal == SIGSTOP)
            continue;
        if (syscall(SYS_rt_sigaction, signal, action, NULL, KERNEL_SIGNALS / 8) < 0)
            return -1;
    }
    sigset_t none;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Child: reports errno and the step, and ends. */
void csandbox_child_fail(int pipe, int step) {
    struct csandbox_failure failure = {step, errno};
    ssize_t written = CSANDBOX_RETRY(write(pipe, &failure, sizeof failure));
    _exit(written == (ssize_t)sizeof failure ? 127 : 126);
}

/* Parent: 0 at the end of the pipe (the program was executed), else -errno with *failure set. */
int csandbox_read_failure(int pipe, struct csandbox_failure *failure) {
    struct csandbox_failure read_failure;
    ssize_t count = CSANDBOX_RETRY(read(pipe, &read_failure, sizeof read_failure));
    if (count == 0)
        return 0;
    if (count != (ssize_t)sizeof read_failure) {
        failure->step = CSANDBOX_STEP_REPORT;
        failure->error = count < 0 ? errno : EPROTO;
    } else {
        *failure = read_failure;
        if (failure->error <= 0) /* a step that failed without a cause is still a failure */
            failure->error = EPROTO;
    }
    return -failure->error;
}

/* Child: a duplicate at `lowest` or above, so that the numbers below are free to be filled. */
int csandbox_child_fixed(int fd, int lowest) {
    return fcntl(fd, F_DUPFD_CLOEXEC, lowest);
}
